"""Temperatures under which confidence hardly ever rises when a modality is taken away, within a limit on the calibration error.

Temperatures of least negative log likelihood are chosen for each pattern by itself. Near them the calibration error is flat, so there is
room to make the complete case a little surer and the others a little less sure, until the order between them is right.
"""

from __future__ import annotations

import numpy as np

from .catalogue import UNLABELLED
from .metrics import expected_calibration_error, fit_temperature, softmax

COMPLETE = "complete"
ERROR_LIMIT = 0.02
# Factors on the temperature of least negative log likelihood.
FACTORS = np.exp(np.linspace(-0.9, 0.9, 37))
# A rise of confidence smaller than this is rounding.
LEAST_RISE = 1e-6
# Shares of rises up to this count as equally few: calibration is not given away for less.
FEW_RISES = 0.03


def confidences(logits: np.ndarray, temperatures: np.ndarray) -> np.ndarray:
    """float [N, C] → the highest probability under each temperature, [G, N]."""
    return np.stack([softmax(logits, temperature).max(axis=1) for temperature in temperatures])


def errors_of(confidence: np.ndarray, logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Expected calibration error under each temperature, [G]; `confidence` [G, N] as `confidences` has it."""
    rows = truth != UNLABELLED
    right = logits[rows].argmax(axis=1) == truth[rows]
    return np.array([expected_calibration_error(values[rows], right) for values in confidence])


def allowed(errors: np.ndarray, limit: float) -> np.ndarray:
    """Places within the limit; where there is none, that of the least error."""
    places = np.flatnonzero(errors <= limit)
    return places if len(places) else np.array([errors.argmin()])


def monotone_temperatures(
    logits: dict[str, np.ndarray], truth: np.ndarray, both: np.ndarray, limit: float = ERROR_LIMIT
) -> dict[str, float]:
    """A temperature per pattern: of all that keep to `limit`, those with the fewest rises over the rows of `both` (bool [N]).

    `logits[pattern]` float [N, C], "complete" among them. Of equally good ones the nearest to the least negative log likelihood is taken.
    """
    grids = {name: fit_temperature(scores, truth) * FACTORS for name, scores in logits.items()}
    found = {name: confidences(scores, grids[name]) for name, scores in logits.items()}
    places = {name: allowed(errors_of(found[name], scores, truth), limit) for name, scores in logits.items()}
    missing = [name for name in logits if name != COMPLETE]
    best: tuple[float, float, dict[str, int]] | None = None
    for own in places[COMPLETE]:
        chosen, risen = {COMPLETE: int(own)}, 0.0
        for name in missing:
            rises = (found[name][places[name]][:, both] - found[COMPLETE][own, both] > LEAST_RISE).mean(axis=1).clip(FEW_RISES)  # [places]
            distance = np.abs(np.log(FACTORS[places[name]]))
            chosen[name] = int(places[name][np.lexsort((distance, rises))[0]])
            risen += float(rises.min())
        distance = sum(abs(float(np.log(FACTORS[place]))) for place in chosen.values())
        if best is None or (risen, distance) < best[:2]:
            best = (risen, distance, chosen)
    return {name: float(grids[name][place]) for name, place in best[2].items()}
