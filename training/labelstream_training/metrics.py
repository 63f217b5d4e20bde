"""Figures over one task's predictions, in plain numpy. `truth` int64 [N] is below 0 where a label is missing or unknown."""

from __future__ import annotations

import numpy as np

from .catalogue import UNLABELLED

ECE_BINS = 15
# Fewer accepted rows than this say nothing about a precision.
FEWEST_ACCEPTED = 20


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """float [N, C] → probabilities [N, C]."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    powers = np.exp(scaled)
    return powers / powers.sum(axis=1, keepdims=True)


def labelled(logits: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Only the rows that have a label."""
    rows = truth != UNLABELLED
    return logits[rows], truth[rows]


def accuracy(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Share of rows that are right."""
    return float((predicted == truth).mean())


def macro_f1(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Mean F1 over the classes that occur in the truth."""
    scores = []
    for label in np.unique(truth[truth >= 0]):
        hits = np.sum((predicted == label) & (truth == label))
        scores.append(2 * hits / (np.sum(predicted == label) + np.sum(truth == label)))
    return float(np.mean(scores))


def multi_label_f1(predicted: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """F1 of a question with several answers, bool [N, T] each: over all answers together (`micro`), the mean over the labels (`macro`),
    the same weighted by how often they apply (`weighted`), and the mean over the rows (`samples`). Nothing to find and nothing said is 0,
    as in scikit-learn.
    """
    hits, said, wanted = predicted & truth, predicted.astype(np.int64), truth.astype(np.int64)

    def f1(axis: int | None) -> np.ndarray:
        return 2 * hits.sum(axis=axis) / np.maximum(said.sum(axis=axis) + wanted.sum(axis=axis), 1)

    support = wanted.sum(axis=0)
    weighted = float((f1(0) * support).sum() / max(1, support.sum()))
    figures = {"micro": float(f1(None)), "macro": float(f1(0).mean()), "weighted": weighted, "samples": float(f1(1).mean())}
    return {name: round(value, 4) for name, value in figures.items()}


def precision_curve(confidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per distinct confidence, descending: (threshold, rows accepted, precision of the accepted)."""
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence, hits = confidence[order], np.cumsum(right[order])
    last_of_value = np.append(sorted_confidence[1:] != sorted_confidence[:-1], True)
    accepted = np.flatnonzero(last_of_value) + 1
    return sorted_confidence[last_of_value], accepted, hits[last_of_value] / accepted


def threshold_for(confidence: np.ndarray, right: np.ndarray, target: float) -> float | None:
    """Lowest confidence at which the accepted rows reach the target precision; None if they never do."""
    thresholds, accepted, precision = precision_curve(confidence, right)
    enough = np.flatnonzero((precision >= target) & (accepted >= FEWEST_ACCEPTED))
    return float(thresholds[enough[-1]]) if len(enough) else None


def recall_at_precision(confidence: np.ndarray, right: np.ndarray, target: float) -> float:
    """Share of all rows that are accepted and right at the threshold for the target precision; 0 if there is none."""
    threshold = threshold_for(confidence, right, target)
    return 0.0 if threshold is None else float(np.mean(right & (confidence >= threshold)))


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = ECE_BINS) -> float:
    """Mean gap between confidence and accuracy over equally wide bins, weighted by rows."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [np.sum(place == index) * abs(confidence[place == index].mean() - right[place == index].mean()) for index in np.unique(place)]
    return float(np.sum(gaps) / len(confidence))


def negative_log_likelihood(logits: np.ndarray, truth: np.ndarray, temperature: float) -> float:
    """Mean over rows whose label is a known class."""
    known = truth >= 0
    chosen = softmax(logits[known], temperature)[np.arange(int(known.sum())), truth[known]]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """Temperature of the least negative log likelihood: golden-section search over its logarithm."""
    low, high, ratio = np.log(0.2), np.log(5.0), (np.sqrt(5.0) - 1) / 2
    for _ in range(30):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if negative_log_likelihood(logits, truth, np.exp(left)) < negative_log_likelihood(logits, truth, np.exp(right)):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def measure(logits: np.ndarray, truth: np.ndarray, temperature: float, target: float) -> dict[str, float]:
    """All figures of one task under one condition; rows without a label do not count."""
    logits, truth = labelled(logits, truth)
    if len(truth) == 0:
        return {"rows": 0}
    probabilities = softmax(logits, temperature)
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = predicted == truth
    return {
        "accuracy": round(accuracy(predicted, truth), 4),
        "macroF1": round(macro_f1(predicted, truth), 4),
        "recallAtPrecision": round(recall_at_precision(confidence, right, target), 4),
        "expectedCalibrationError": round(expected_calibration_error(confidence, right), 4),
        "rows": len(truth),
    }
