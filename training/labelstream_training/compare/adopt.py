"""Puts a head that was trained over a checkpoint's tokens back into that checkpoint, for calibration and export."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from ..catalogue import CatalogueError
from ..checkpoint import HEAD_KIND, load_checkpoint, save_checkpoint
from ..config import model_config_from_dict
from ..heads import HEADS
from .stored_head import fit_weights, require_kind
from .token_set import open_meta


def require_tokens_of(checkpoint: Path, tokens: Path) -> None:
    """Raises CatalogueError where the tokens were not made by this checkpoint's towers."""
    if open_meta(tokens)["checkpoint"] != hashlib.sha256(checkpoint.read_bytes()).hexdigest():
        raise CatalogueError(f"the tokens in {tokens} are not those of {checkpoint}")


def adopt_head(checkpoint: Path, tokens: Path, head: Path, target: Path) -> None:
    """Writes `target`, a checkpoint with the head of `head` (best.pt of a job) in its averaged and in its current weights.

    Raises CatalogueError where the head is not CMA-CLIP or of another architecture, or the tokens were not those of the checkpoint.
    """
    loaded = load_checkpoint(checkpoint)
    require_tokens_of(checkpoint, tokens)
    weights = require_kind(head, HEAD_KIND)
    counts = [len(names) for names in loaded.settings["labels"].values()]
    fit_weights(HEADS[HEAD_KIND].make(model_config_from_dict(loaded.settings["model"]), counts), weights, head)
    fusion = {f"fusion.{name}": value for name, value in weights.items()}
    adopted = dataclasses.replace(loaded, weights={**loaded.weights, **fusion}, average={**loaded.average, **fusion}, optimisers=[])
    target.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(target, adopted)
