"""Puts a head that was trained over a checkpoint's tokens back into that checkpoint, for calibration and export."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import torch

from ..catalogue import CatalogueError
from ..checkpoint import load_checkpoint, save_checkpoint
from .token_set import open_meta


def adopt_head(checkpoint: Path, tokens: Path, head: Path, target: Path) -> None:
    """Writes `target`, a checkpoint with the head of `head` (best.pt of a job) in its averaged and in its current weights.

    Raises CatalogueError where the head is not CMA-CLIP or the tokens were not those of the checkpoint.
    """
    if open_meta(tokens)["checkpoint"] != hashlib.sha256(checkpoint.read_bytes()).hexdigest():
        raise CatalogueError(f"the tokens in {tokens} are not those of {checkpoint}")
    found = torch.load(head, map_location="cpu", weights_only=True)
    if found["head"] != "cma-clip":
        raise CatalogueError(f"{head} is a {found['head']}; a checkpoint holds a cma-clip")
    loaded = load_checkpoint(checkpoint)
    fusion = {f"fusion.{name}": value for name, value in found["weights"].items()}
    adopted = dataclasses.replace(loaded, weights={**loaded.weights, **fusion}, average={**loaded.average, **fusion}, optimisers=[])
    target.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(target, adopted)
