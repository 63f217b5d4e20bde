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

from .fusion_head import log_lead, sharpening
from .monotone import COMPLETE, LEAST_RISE
from .predict import PATTERNS, Predictions

STEPS = 400
RATE = 0.01
RISE_WEIGHT, RISE_MARGIN = 6.0, 0.03
ERROR_WEIGHT = 2.5
# Factors on both weights, tried in turn until no more rises than these are left; where none leaves as few, that with the fewest is taken.
# The harder they are fought, the less a high confidence tells from a low one.
STRENGTHS = (1.0, 3.0, 6.0, 12.0, 20.0)
MOST_RISES = 0.04
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


def gains(probabilities: dict[str, Tensor]) -> Tensor:
    """How much surer the head is with a modality taken away: `probabilities[pattern]` [N, C] → [patterns - 1, N]."""
    confidence = {pattern: found.amax(dim=1) for pattern, found in probabilities.items()}
    return torch.stack([values - confidence[COMPLETE] for pattern, values in confidence.items() if pattern != COMPLETE])


def sharpness_loss(probabilities: dict[str, Tensor], truth: Tensor, strength: float) -> Tensor:
    """`probabilities[pattern]` [N, C] of listings that have both modalities and a known label."""
    likelihood = sum(F.nll_loss(found.clamp(min=1e-9).log(), truth) for found in probabilities.values())
    error = sum(smooth_calibration_error(found, truth) for found in probabilities.values())
    rise = F.relu(gains(probabilities) + RISE_MARGIN).mean(dim=1).sum()
    return likelihood + strength * (ERROR_WEIGHT * error + RISE_WEIGHT * rise)


def fit_task(logits: dict[str, Tensor], fused: dict[str, Tensor], truth: Tensor) -> np.ndarray:
    """[width + 1] of one task from `logits[pattern]` [N, C] and `fused[pattern]` [N, width], as mild as the rises allow."""
    fewest, best = float("inf"), np.empty(0)
    for strength in STRENGTHS:
        sharpness, rises = fit_with(strength, logits, fused, truth)
        if rises < fewest:
            fewest, best = rises, sharpness
        if fewest <= MOST_RISES:
            break
    return best


def fit_with(strength: float, logits: dict[str, Tensor], fused: dict[str, Tensor], truth: Tensor) -> tuple[np.ndarray, float]:
    """As `fit_task`, and which share of the rows still rises in the worst pattern; temperatures per pattern are fitted along."""
    sharpness = torch.zeros(fused[COMPLETE].shape[1] + 1, requires_grad=True)
    heat = {pattern: torch.zeros(1, requires_grad=True) for pattern in logits}
    leads = {pattern: log_lead(scores)[:, None] for pattern, scores in logits.items()}  # [N, 1]

    def answers() -> dict[str, Tensor]:
        factors = {pattern: sharpening(vectors[:, None], leads[pattern], sharpness[None]) for pattern, vectors in fused.items()}  # [N, 1]
        return {pattern: (scores * factors[pattern] * heat[pattern].exp()).softmax(dim=1) for pattern, scores in logits.items()}

    optimiser = torch.optim.Adam([sharpness, *heat.values()], lr=RATE)
    for _ in range(STEPS):
        loss = sharpness_loss(answers(), truth, strength) + DECAY * sharpness[:-1].square().sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        rises = float((gains(answers()) > LEAST_RISE).float().mean(dim=1).max())
    return sharpness.detach().numpy(), rises


def fit_sharpness(predictions: Predictions) -> np.ndarray:
    """[T, width + 1] float32; `predictions` are those of a head without any, with `fused`. A task without known labels keeps 0."""
    rows, result = predictions.both, []
    for index, task in enumerate(predictions.tasks):
        known = rows & (predictions.truth[:, index] >= 0)
        if not known.any():
            result.append(np.zeros(predictions.fused[COMPLETE].shape[2] + 1, dtype=np.float32))
            continue
        logits = {pattern: torch.from_numpy(predictions.logits[pattern][task][known]) for pattern in PATTERNS}
        fused = {pattern: torch.from_numpy(predictions.fused[pattern][known, index]) for pattern in PATTERNS}
        result.append(fit_task(logits, fused, torch.from_numpy(predictions.truth[known, index])))
    return np.stack(result).round(5)
