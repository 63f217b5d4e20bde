"""Runs a trained system over a dataset, once per missing modality."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from .catalogue import TASKS
from .dataset import Dataset, take
from .system import LabelSystem

# Names as in the bundle manifest: which modalities the head may see.
PATTERNS = {"complete": (1.0, 1.0), "imageOnly": (1.0, 0.0), "textOnly": (0.0, 1.0)}
BATCH = 128


@dataclasses.dataclass
class Predictions:
    """`logits[pattern][task]` float32 [N, C], `weights[pattern]` float32 [N, T, 2], `truth` int64 [N, T]."""

    logits: dict[str, dict[str, np.ndarray]]
    weights: dict[str, np.ndarray]
    truth: np.ndarray


@torch.no_grad()
def predict(system: LabelSystem, data: Dataset) -> Predictions:
    """All patterns from one pass through the towers."""
    logits: dict[str, list[list[Tensor]]] = {pattern: [] for pattern in PATTERNS}
    weights: dict[str, list[Tensor]] = {pattern: [] for pattern in PATTERNS}
    for start in range(0, len(data), BATCH):
        batch = take(data, np.arange(start, min(start + BATCH, len(data))))
        image, _ = system.image(batch.pixels)  # [B, Ni, width]
        text, _ = system.text(batch.ids, batch.mask)  # [B, L, width]
        for pattern, (image_flag, text_flag) in PATTERNS.items():
            scores, shares, _ = system.fuse(image, batch.has_image * image_flag, text, batch.mask, batch.has_text * text_flag)
            logits[pattern].append(scores)
            weights[pattern].append(shares)
    return Predictions(
        logits={
            pattern: {task: torch.cat([scores[index] for scores in batches]).numpy() for index, task in enumerate(TASKS)}
            for pattern, batches in logits.items()
        },
        weights={pattern: torch.cat(batches).numpy() for pattern, batches in weights.items()},
        truth=data.labels.numpy(),
    )
