"""Run folders and checkpoints; a checkpoint holds everything a run needs to go on from its step."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import torch

from .config import ModelConfig, TrainConfig, config_to_dict, model_config_from_dict
from .half import round_to_half
from .system import LabelSystem

NEWEST = "newest.pt"


@dataclasses.dataclass
class Checkpoint:
    """A step, the weights being trained, their moving average and the optimisers' state."""

    step: int
    weights: dict
    average: dict
    optimisers: list[dict]
    settings: dict


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes atomically: a run that is killed here leaves the previous checkpoint whole."""
    partial = path.with_suffix(".partial")
    torch.save(dataclasses.asdict(checkpoint), partial)
    os.replace(partial, path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint onto the CPU."""
    return Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))


def make_settings(model: ModelConfig, train: TrainConfig, labels: dict[str, list[str]], data: list[str]) -> dict:
    """What is stored beside the weights: configuration, label vocabulary, names of the data folders."""
    return {"model": config_to_dict(model), "train": config_to_dict(train), "labels": labels, "data": data}


def restore_system(path: Path, averaged: bool = True) -> tuple[LabelSystem, Checkpoint]:
    """The system of a checkpoint as the bundles will hold it: evaluation mode, matrices rounded to float16, by default averaged weights."""
    checkpoint = load_checkpoint(path)
    config = model_config_from_dict(checkpoint.settings["model"])
    counts = [len(names) for names in checkpoint.settings["labels"].values()]
    system = LabelSystem(config, counts)
    system.load_state_dict(checkpoint.average if averaged else checkpoint.weights)
    round_to_half(system)
    return system.eval(), checkpoint


def take_weights(system: LabelSystem, weights: dict) -> None:
    """Loads a state dict; parts that an older one lacks keep their initial values. Raises RuntimeError on any other difference."""
    unknown = system.load_state_dict(weights, strict=False).unexpected_keys
    if unknown:
        raise RuntimeError(f"the checkpoint has weights that this model lacks: {', '.join(unknown)}")


def append_log(run: Path, record: dict) -> None:
    """One JSON line in the run's log."""
    with (run / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
