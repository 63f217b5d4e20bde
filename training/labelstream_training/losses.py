"""Masked multi-task cross entropy and the contrastive losses."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def task_loss(logits: Sequence[Tensor], labels: Tensor, valid: Tensor, smoothing: float) -> Tensor:
    """Mean over tasks of the cross entropy over labelled listings.

    `logits`: one [B, C] per task; `labels` int64 [B, T], negative where there is none; `valid` float32 [B] takes listings out
    altogether. A task without a labelled listing in the batch adds nothing.
    """
    total = labels.new_zeros((), dtype=torch.float32)
    for index, scores in enumerate(logits):
        truth = labels[:, index]  # [B]
        losses = F.cross_entropy(scores, truth.clamp(min=0), label_smoothing=smoothing, reduction="none")  # [B]
        weight = (truth >= 0).float() * valid  # [B]
        total = total + (losses * weight).sum() / weight.sum().clamp(min=1.0)
    return total / len(logits)


def pair_targets(groups: Tensor) -> Tensor:
    """Soft targets [B, B] of a contrastive batch: listings with the same title share the mass."""
    same = (groups[:, None] == groups[None]).float()
    return same / same.sum(dim=1, keepdim=True)


def contrastive_loss(first: Tensor, second: Tensor, scale: Tensor, groups: Tensor, valid: Tensor) -> Tensor:
    """Symmetric CLIP loss of unit vectors [B, E]; rows with `valid` 0 lack a modality and take no part."""
    rows = valid > 0
    if int(rows.sum()) < 2:
        return scale.new_zeros(())
    scores = scale * first[rows] @ second[rows].t()  # [b, b]
    targets = pair_targets(groups[rows])  # [b, b]
    return 0.5 * (F.cross_entropy(scores, targets) + F.cross_entropy(scores.t(), targets))
