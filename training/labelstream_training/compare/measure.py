"""Figures of one head under all conditions, with confidences calibrated on rows that are not measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import Tensor

from ..calibrate import TARGET_PRECISION
from ..catalogue import UNLABELLED, yes_no_tasks
from ..metrics import fit_temperature, measure, multi_label_f1, softmax
from ..monotone import LEAST_RISE, monotone_temperatures
from .conditions import Seen

FOLDS = 2
# The condition each modality pattern is calibrated on: 0 complete, 1 only the image, 2 only the text.
PATTERN_CONDITIONS = ("complete", "textMissing", "imageMissing")
# Logits per pattern's condition, truth, rows that have both modalities → temperature per pattern's condition.
Fit = Callable[[dict[str, np.ndarray], np.ndarray, np.ndarray], dict[str, float]]


def fit_plain(logits: dict[str, np.ndarray], truth: np.ndarray, _both: np.ndarray) -> dict[str, float]:
    """Each pattern's temperature of least negative log likelihood."""
    return {name: fit_temperature(scores, truth) for name, scores in logits.items()}


def fit_folds(seen: dict[str, Seen], truth: np.ndarray, task: int, fit: Fit = fit_plain) -> np.ndarray:
    """Temperatures [fold, pattern] of a task; those of a fold are fitted on the rows outside of it."""
    folds, both = np.arange(len(truth)) % FOLDS, (seen["complete"].pattern == 0).numpy()
    temperatures = np.ones((FOLDS, len(PATTERN_CONDITIONS) + 1))
    for fold in range(FOLDS):
        rows = (folds != fold) & (truth != UNLABELLED)
        if (truth[rows] >= 0).any():
            fitted = fit({name: seen[name].logits[task].numpy()[rows] for name in PATTERN_CONDITIONS}, truth[rows], both[rows])
            temperatures[fold, :-1] = [fitted[name] for name in PATTERN_CONDITIONS]
    return temperatures


def calibrated(seen: Seen, task: int, temperatures: np.ndarray) -> np.ndarray:
    """Logits float [N, C] divided by the temperature of each row's fold and pattern."""
    logits = seen.logits[task].numpy()
    return logits / temperatures[np.arange(len(logits)) % FOLDS, seen.pattern.numpy()][:, None]


def rises(complete: np.ndarray, missing: np.ndarray, both: np.ndarray) -> float:
    """Share of the listings that have both modalities whose confidence is higher with one of them taken away."""
    rise = softmax(missing).max(axis=1) - softmax(complete).max(axis=1)
    return round(float((rise[both] > LEAST_RISE).mean()), 4) if both.any() else float("nan")


def monotone_figures(seen: dict[str, Seen], truth: np.ndarray, task: int) -> dict[str, dict[str, float]]:
    """Rises and calibration error per pattern's condition under `monotone_temperatures`."""
    both = (seen["complete"].pattern == 0).numpy()
    temperatures = fit_folds(seen, truth, task, monotone_temperatures)
    scores = {name: calibrated(seen[name], task, temperatures) for name in PATTERN_CONDITIONS}
    figures: dict[str, dict[str, float]] = {}
    for name, logits in scores.items():
        measured = measure(logits, truth, 1.0, TARGET_PRECISION)
        figures[name] = {"expectedCalibrationError": measured.get("expectedCalibrationError", float("nan"))}
        if name != "complete":
            figures[name]["rises"] = rises(scores["complete"], logits, both)
    return figures


def multi_label(seen: dict[str, Seen], truth: np.ndarray, vocabulary: dict[str, list[str]]) -> dict[str, dict[str, float]]:
    """F1 per condition over the tasks that are one question with several answers, on the rows that have an answer to each of them."""
    places = [list(vocabulary).index(task) for task in yes_no_tasks(vocabulary)]
    rows = (truth[:, places] >= 0).all(axis=1)
    if len(places) < 2 or not rows.any():
        return {}
    said = {name: np.stack([found.logits[place].argmax(dim=1).numpy() == 1 for place in places], axis=1) for name, found in seen.items()}
    return {name: multi_label_f1(answers[rows], truth[rows][:, places] == 1) for name, answers in said.items()}


def measure_all(seen: dict[str, Seen], labels: Tensor, vocabulary: dict[str, list[str]]) -> dict:
    """`conditions[name][task]`: figures and the mean image weight; `rises[imageMissing|textMissing][task]`; `monotone[task]`;
    `multiLabel[name]`, empty where the tasks are not of that kind.

    The truth is always the row's own labels: what the image shows where the text is another listing's, and the other way round.
    """
    truth = labels.numpy()
    conditions: dict[str, dict] = {name: {} for name in seen}
    risen: dict[str, dict] = {"imageMissing": {}, "textMissing": {}}
    both = (seen["complete"].pattern == 0).numpy()
    for index, task in enumerate(vocabulary):
        temperatures = fit_folds(seen, truth[:, index], index)
        scores = {name: calibrated(found, index, temperatures) for name, found in seen.items()}
        for name, logits in scores.items():
            figures = measure(logits, truth[:, index], 1.0, TARGET_PRECISION)
            conditions[name][task] = {**figures, "imageWeight": round(float(seen[name].weights[:, index, 0].mean()), 4)}
        for name, found in risen.items():
            found[task] = rises(scores["complete"], scores[name], both)
    monotone = {task: monotone_figures(seen, truth[:, index], index) for index, task in enumerate(vocabulary)}
    return {"conditions": conditions, "rises": risen, "monotone": monotone, "multiLabel": multi_label(seen, truth, vocabulary)}
