"""Temperatures and abstention thresholds per task and modality pattern, fitted on the validation rows."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from .catalogue import TASKS
from .metrics import fit_temperature, labelled, softmax, threshold_for
from .predict import PATTERNS, Predictions

TARGET_PRECISION = 0.9
CALIBRATION_FILE = "calibration.json"


def calibrate_one(logits: np.ndarray, truth: np.ndarray, target: float) -> tuple[float, float | None]:
    """Temperature, and the threshold on the confidence after it (None: always abstain)."""
    temperature = round(fit_temperature(*labelled(logits, truth)), 4)
    return temperature, threshold_at(logits, truth, temperature, target)


def threshold_at(logits: np.ndarray, truth: np.ndarray, temperature: float, target: float) -> float | None:
    """Lowest confidence at which the accepted rows reach the target precision; None if they never do."""
    logits, truth = labelled(logits, truth)
    probabilities = softmax(logits, temperature)
    threshold = threshold_for(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth, target)
    # Rounded down, so that the row that set the threshold still passes it.
    return None if threshold is None else math.floor(threshold * 1e5) / 1e5


def calibrate(predictions: Predictions, target: float = TARGET_PRECISION) -> dict[str, dict]:
    """`{task: {targetPrecision, temperature: {pattern}, threshold: {pattern}}}`, as in the fusion manifest."""
    result: dict[str, dict] = {}
    for index, task in enumerate(TASKS):
        fitted = {pattern: calibrate_one(predictions.logits[pattern][task], predictions.truth[:, index], target) for pattern in PATTERNS}
        result[task] = {
            "targetPrecision": target,
            "temperature": {pattern: pair[0] for pattern, pair in fitted.items()},
            "threshold": {pattern: pair[1] for pattern, pair in fitted.items()},
        }
    return result


def read_calibration(run: Path) -> dict[str, dict] | None:
    """The calibration stored in a run folder, if there is one."""
    path = run / CALIBRATION_FILE
    return json.loads(path.read_text("utf-8")) if path.is_file() else None
