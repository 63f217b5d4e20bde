"""Accuracy, macro-F1, recall at a precision and calibration error, per task and per missing modality."""

from __future__ import annotations

from .calibrate import TARGET_PRECISION
from .metrics import measure
from .predict import PATTERNS, Predictions

TITLES = {"complete": "complete", "textOnly": "image missing", "imageOnly": "text missing"}
COLUMNS = {
    "accuracy": "accuracy",
    "macroF1": "macro-F1",
    "recallAtPrecision": "recall at 90 % precision",
    "expectedCalibrationError": "expected calibration error",
}


def evaluate(predictions: Predictions, calibration: dict[str, dict] | None) -> dict[str, dict[str, dict]]:
    """`{pattern: {task: figures}}`; confidences are calibrated where a calibration is given."""
    return {
        pattern: {
            task: measure(
                predictions.logits[pattern][task],
                predictions.truth[:, index],
                calibration[task]["temperature"][pattern] if calibration else 1.0,
                TARGET_PRECISION,
            )
            for index, task in enumerate(predictions.tasks)
        }
        for pattern in PATTERNS
    }


def table(figures: dict[str, dict[str, dict]], metric: str) -> str:
    """One metric as a Markdown table, a row per missing modality."""
    tasks = list(figures["complete"])
    lines = [f"| {COLUMNS[metric]} | " + " | ".join(tasks) + " |", "| --- |" + " --- |" * len(tasks)]
    for pattern, title in TITLES.items():
        values = [figures[pattern][task].get(metric, float("nan")) for task in tasks]
        lines.append(f"| {title} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    return "\n".join(lines)


def tables(figures: dict[str, dict[str, dict]]) -> str:
    """All metrics."""
    return "\n\n".join(table(figures, metric) for metric in COLUMNS)
