"""Temperatures and abstention thresholds per task and modality pattern, fitted on the validation rows, and where they are stored."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .bundle import write_json
from .catalogue import UNLABELLED
from .metrics import expected_calibration_error, labelled, softmax, threshold_for
from .monotone import COMPLETE, LEAST_RISE, monotone_temperatures
from .predict import PATTERNS, Predictions

TARGET_PRECISION = 0.9
# On the rows that are fitted on; on new ones it is a little higher.
ERROR_LIMIT = 0.027
CALIBRATION_FILE = "calibration.json"
MISSING = tuple(pattern for pattern in PATTERNS if pattern != COMPLETE)


def threshold_at(logits: np.ndarray, truth: np.ndarray, temperature: float, target: float) -> float | None:
    """Lowest confidence at which the accepted rows reach the target precision; None if they never do."""
    logits, truth = labelled(logits, truth)
    probabilities = softmax(logits, temperature)
    threshold = threshold_for(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth, target)
    # Rounded down, so that the row that set the threshold still passes it.
    return None if threshold is None else math.floor(threshold * 1e5) / 1e5


def calibrate(predictions: Predictions, target: float = TARGET_PRECISION) -> dict[str, dict]:
    """`{task: {targetPrecision, temperature: {pattern}, threshold: {pattern}}}`, as in the fusion manifest; see `monotone_temperatures`."""
    result: dict[str, dict] = {}
    for index, task in enumerate(predictions.tasks):
        logits, truth = {pattern: predictions.logits[pattern][task] for pattern in PATTERNS}, predictions.truth[:, index]
        found = monotone_temperatures(logits, truth, predictions.both, ERROR_LIMIT)
        temperature = {pattern: round(value, 4) for pattern, value in found.items()}
        result[task] = {
            "targetPrecision": target,
            "temperature": temperature,
            "threshold": {pattern: threshold_at(scores, truth, temperature[pattern], target) for pattern, scores in logits.items()},
        }
    return result


def calibration_figures(predictions: Predictions, calibration: dict[str, dict]) -> dict[str, dict]:
    """`{task: {error: {pattern}, rises: {pattern}}}`: calibration error, and how often confidence rises without a modality."""
    figures: dict[str, dict] = {}
    for index, task in enumerate(predictions.tasks):
        temperature, truth = calibration[task]["temperature"], predictions.truth[:, index]
        high = {pattern: softmax(predictions.logits[pattern][task], temperature[pattern]).max(axis=1) for pattern in PATTERNS}
        known = truth != UNLABELLED
        right = {pattern: predictions.logits[pattern][task].argmax(axis=1) == truth for pattern in PATTERNS}
        error = {pattern: expected_calibration_error(high[pattern][known], right[pattern][known]) for pattern in PATTERNS}
        rise = {
            pattern: (high[pattern] > high[COMPLETE] + LEAST_RISE)[predictions.both].mean() for pattern in PATTERNS if pattern != COMPLETE
        }
        figures[task] = {
            "error": {pattern: round(value, 4) for pattern, value in error.items()},
            "rises": {pattern: round(float(value), 4) for pattern, value in rise.items()},
        }
    return figures


def cross_fitted(predictions: Predictions, fit: Callable[[Predictions], np.ndarray]) -> dict[str, dict]:
    """As `calibration_figures`, each half of the rows calibrated on the other: what new listings will see."""
    pooled = {pattern: {task: np.empty_like(scores) for task, scores in found.items()} for pattern, found in predictions.logits.items()}
    halves = [np.arange(len(predictions.truth)) % 2 == half for half in (0, 1)]
    for own, other in (halves, halves[::-1]):
        sharpness = fit(predictions.rows(other))
        temperatures = calibrate(predictions.rows(other).sharpened(sharpness))
        for pattern, found in predictions.rows(own).sharpened(sharpness).logits.items():
            for task, scores in found.items():
                pooled[pattern][task][own] = scores / temperatures[task]["temperature"][pattern]
    as_it_is = {"temperature": dict.fromkeys(PATTERNS, 1.0)}
    return calibration_figures(dataclasses.replace(predictions, logits=pooled), dict.fromkeys(predictions.tasks, as_it_is))


def write_calibration(
    run: Path, tasks: dict[str, dict], match: dict[str, float] | None, sharpness: np.ndarray | None = None, figures: dict | None = None
) -> None:
    """Stores what `calibrate`, `match_spec`, `fit_sharpness` and `cross_fitted` have found in a run folder."""
    stored = {"tasks": tasks, "match": match, "crossFitted": figures, "sharpness": None if sharpness is None else sharpness.tolist()}
    stored = {key: value for key, value in stored.items() if value is not None}
    write_json(run / CALIBRATION_FILE, stored)


def read_calibration(run: Path) -> dict[str, dict] | None:
    """The calibration of the tasks stored in a run folder, if there is one."""
    stored = read_stored(run)
    return None if stored is None else stored["tasks"]


def read_match(run: Path) -> dict[str, float] | None:
    """The manifest's `match` stored in a run folder, if there is one."""
    return (read_stored(run) or {}).get("match")


def read_sharpness(run: Path) -> np.ndarray | None:
    """What the head's `sharpness` [T, width + 1] is to be, float32, if it was fitted."""
    found = (read_stored(run) or {}).get("sharpness")
    return None if found is None else np.array(found, dtype=np.float32)


def read_stored(run: Path) -> dict[str, dict] | None:
    """The calibration file; older runs stored the tasks alone."""
    path = run / CALIBRATION_FILE
    if not path.is_file():
        return None
    stored = json.loads(path.read_text("utf-8"))
    return stored if "tasks" in stored else {"tasks": stored}
