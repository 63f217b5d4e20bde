"""Run folders and checkpoints; a checkpoint holds everything a run needs to go on from its step."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from .catalogue import CatalogueError
from .config import ModelConfig, TrainConfig, config_to_dict, model_config_from_dict
from .half import round_to_half
from .system import LabelSystem

NEWEST = "newest.pt"
# The head that a checkpoint holds, by its name among all heads.
HEAD_KIND = "cma-clip"


@dataclasses.dataclass
class Checkpoint:
    """A step, the weights being trained, their moving average and the optimisers' state."""

    step: int
    weights: dict
    average: dict
    optimisers: list[dict]
    settings: dict

    def head(self) -> dict:
        """The averaged weights of the fusion head alone, as its own state dict."""
        return {name.removeprefix("fusion."): value for name, value in self.average.items() if name.startswith("fusion.")}


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes atomically: a run that is killed here leaves the previous checkpoint whole."""
    partial = path.with_suffix(".partial")
    torch.save(dataclasses.asdict(checkpoint), partial)
    os.replace(partial, path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint onto the CPU. Raises CatalogueError where the file is none."""
    if not path.is_file():
        raise CatalogueError(f"{path} does not exist")
    stored = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(stored, dict) or set(stored) != {field.name for field in dataclasses.fields(Checkpoint)}:
        raise CatalogueError(f"{path} is no checkpoint that `train` has written")
    return Checkpoint(**stored)


def first_difference(error: RuntimeError) -> str:
    """What PyTorch names first where weights do not fit a module."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines[1:] if line), lines[0])


def make_settings(model: ModelConfig, train: TrainConfig, labels: dict[str, list[str]], data: list[str]) -> dict:
    """What is stored beside the weights: configuration, label vocabulary, names of the data folders."""
    return {"model": config_to_dict(model), "train": config_to_dict(train), "labels": labels, "data": data}


def restore_system(path: Path, averaged: bool = True, sharpness: np.ndarray | None = None) -> tuple[LabelSystem, Checkpoint]:
    """The system of a checkpoint as the bundles will hold it: evaluation mode, matrices rounded to float16, by default averaged weights.

    `sharpness` float32 [T, width + 1] is what the calibration has found for the head; without it the head's logits are as trained.
    """
    checkpoint = load_checkpoint(path)
    config = model_config_from_dict(checkpoint.settings["model"])
    counts = [len(names) for names in checkpoint.settings["labels"].values()]
    system = LabelSystem(config, counts)
    system.load_state_dict(checkpoint.average if averaged else checkpoint.weights)
    if sharpness is not None:
        system.fusion.sharpness.copy_(torch.from_numpy(sharpness))
    round_to_half(system)
    return system.eval(), checkpoint


def take_weights(system: LabelSystem, weights: dict) -> None:
    """Loads a state dict; parts that an older one lacks keep their initial values. Raises RuntimeError on any other difference."""
    unknown = system.load_state_dict(weights, strict=False).unexpected_keys
    if unknown:
        raise RuntimeError(f"the checkpoint has weights that this model lacks: {', '.join(unknown)}")


def mean_of(checkpoints: Sequence[Checkpoint], shares: Sequence[float]) -> Checkpoint:
    """The mean of the averaged weights of runs that came one from the other ("model soups", arXiv 2203.05482); it cannot be resumed.

    `shares` are positive, one per checkpoint, of any sum. Weights that are no floating-point numbers, and the settings, are those of the
    last. Raises RuntimeError where the models differ.
    """
    last = checkpoints[-1]
    if any(
        other.settings["model"] != last.settings["model"] or other.settings["labels"] != last.settings["labels"] for other in checkpoints
    ):
        raise RuntimeError("only runs of one model and one label vocabulary have a mean")
    parts = [(share / sum(shares), checkpoint.average) for share, checkpoint in zip(shares, checkpoints, strict=True)]
    weights = {
        name: sum(share * average[name] for share, average in parts) if value.dtype.is_floating_point else value
        for name, value in last.average.items()
    }
    return Checkpoint(step=last.step, weights=weights, average=weights, optimisers=[], settings=last.settings)


def append_log(run: Path, record: dict) -> None:
    """One JSON line in the run's log."""
    with (run / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
