"""Fits the head's `sharpness` on the validation rows: confidence that means what it says and does not rise without a modality.

A temperature per pattern moves all listings alike, so it cannot tell a listing whose text leaves much open from one whose text says it
all. The inverse temperature of a listing can (see `sharpening`). The loss has the likelihood, the rises ("Calibrating Multimodal
Learning", ICML 2023, with a margin) and the calibration error, the last two made smooth.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .fusion_head import sharpening
from .monotone import COMPLETE
from .predict import PATTERNS, Predictions

STEPS = 400
RATE = 0.01
RISE_WEIGHT, RISE_MARGIN = 6.0, 0.02
ERROR_WEIGHT = 2.0
DECAY = 1e-3
# Centres and width of the smooth bins of the calibration error.
CENTRES = torch.linspace(0.03, 0.97, 15)
BIN_WIDTH = 0.035


def smooth_calibration_error(probabilities: Tensor, truth: Tensor) -> Tensor:
    """The calibration error with bins that overlap, so that it has a gradient: [N, C], int64 [N] → scalar."""
    confidence, chosen = probabilities.max(dim=1)
    share = torch.softmax(-(((confidence[:, None] - CENTRES) / BIN_WIDTH) ** 2) / 2, dim=1)  # [N, bins]
    gap = confidence - (chosen == truth).float()  # [N]
    return (share * gap[:, None]).mean(dim=0).abs().sum()


def sharpness_loss(probabilities: dict[str, Tensor], truth: Tensor) -> Tensor:
    """`probabilities[pattern]` [N, C] of listings that have both modalities and a known label."""
    loss = sum(F.nll_loss(found.clamp(min=1e-9).log(), truth) for found in probabilities.values())
    loss = loss + ERROR_WEIGHT * sum(smooth_calibration_error(found, truth) for found in probabilities.values())
    complete = probabilities[COMPLETE].amax(dim=1)
    for pattern, found in probabilities.items():
        if pattern != COMPLETE:
            loss = loss + RISE_WEIGHT * F.relu(found.amax(dim=1) - complete + RISE_MARGIN).mean()
    return loss


def fit_task(logits: dict[str, Tensor], fused: dict[str, Tensor], truth: Tensor) -> np.ndarray:
    """[width] of one task from `logits[pattern]` [N, C] and `fused[pattern]` [N, width]; temperatures per pattern are fitted along."""
    width = fused[COMPLETE].shape[1]
    sharpness = torch.zeros(width, requires_grad=True)
    heat = {pattern: torch.zeros(1, requires_grad=True) for pattern in logits}
    optimiser = torch.optim.Adam([sharpness, *heat.values()], lr=RATE)
    for _ in range(STEPS):
        factors = {pattern: sharpening(vectors[:, None], sharpness[None]) for pattern, vectors in fused.items()}  # [N, 1]
        probabilities = {pattern: (scores * factors[pattern] * heat[pattern].exp()).softmax(dim=1) for pattern, scores in logits.items()}
        loss = sharpness_loss(probabilities, truth) + DECAY * sharpness.square().sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return sharpness.detach().numpy()


def fit_sharpness(predictions: Predictions) -> np.ndarray:
    """[T, width] float32; `predictions` are those of a head without any, with `fused`. A task without known labels keeps 0."""
    rows, result = predictions.both, []
    for index, task in enumerate(predictions.tasks):
        known = rows & (predictions.truth[:, index] >= 0)
        if not known.any():
            result.append(np.zeros(predictions.fused[COMPLETE].shape[2], dtype=np.float32))
            continue
        logits = {pattern: torch.from_numpy(predictions.logits[pattern][task][known]) for pattern in PATTERNS}
        fused = {pattern: torch.from_numpy(predictions.fused[pattern][known, index]) for pattern in PATTERNS}
        result.append(fit_task(logits, fused, torch.from_numpy(predictions.truth[known, index])))
    return np.stack(result).round(5)
