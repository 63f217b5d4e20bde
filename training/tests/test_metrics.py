import numpy as np
import pytest

from labelstream_training.calibrate import threshold_at
from labelstream_training.metrics import (
    expected_calibration_error,
    fit_temperature,
    macro_f1,
    measure,
    multi_label_f1,
    recall_at_precision,
    softmax,
    threshold_for,
)


def test_softmax_survives_large_logits() -> None:
    assert np.allclose(softmax(np.array([[1000.0, 1000.0]])), 0.5)


def test_macro_f1_counts_each_class_of_the_truth_once() -> None:
    assert macro_f1(np.array([0, 0, 0, 0]), np.array([0, 0, 0, 1])) == pytest.approx((6 / 7 + 0) / 2)


def test_threshold_is_the_lowest_that_holds_the_precision() -> None:
    confidence = np.linspace(1, 0.01, 100)
    right = np.arange(100) < 45
    threshold = threshold_for(confidence, right, 0.9)
    assert threshold == pytest.approx(confidence[49])
    assert recall_at_precision(confidence, right, 0.9) == pytest.approx(0.45)


def test_equal_confidences_are_accepted_together() -> None:
    confidence, right = np.full(100, 0.7), np.arange(100) < 60
    assert threshold_for(confidence, right, 0.9) is None
    assert threshold_for(confidence, right, 0.6) == pytest.approx(0.7)


def test_a_precision_reached_by_a_handful_of_rows_does_not_count() -> None:
    right = np.arange(100) < 5
    assert threshold_for(np.linspace(1, 0, 100), right, 0.9) is None
    assert recall_at_precision(np.linspace(1, 0, 100), right, 0.9) == 0.0


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    assert expected_calibration_error(np.full(10, 0.8), np.arange(10) < 8) == pytest.approx(0.0)
    assert expected_calibration_error(np.full(10, 0.9), np.arange(10) < 5) == pytest.approx(0.4)


def overconfident(rows: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(rows, 4)) * 1.5
    truth = np.array([rng.choice(4, p=row) for row in softmax(logits)])
    return logits * 2.0, truth


def test_temperature_undoes_overconfidence() -> None:
    logits, truth = overconfident()
    assert fit_temperature(logits, truth) == pytest.approx(2.0, abs=0.15)
    before = measure(logits, truth, 1.0, 0.9)["expectedCalibrationError"]
    assert measure(logits, truth, 2.0, 0.9)["expectedCalibrationError"] < before / 2


def test_rows_at_the_threshold_hold_the_target() -> None:
    logits, truth = overconfident()
    temperature = fit_temperature(logits, truth)
    threshold = threshold_at(logits, truth, temperature, 0.9)
    confidence = softmax(logits, temperature).max(axis=1)
    accepted = confidence >= threshold
    assert (logits.argmax(axis=1) == truth)[accepted].mean() >= 0.899
    assert accepted.sum() >= 20


def test_unlabelled_rows_do_not_count_and_unknown_labels_are_misses() -> None:
    logits = np.array([[2.0, 0.0]] * 4)
    figures = measure(logits, np.array([0, 0, -1, -2]), 1.0, 0.9)
    assert figures["rows"] == 3
    assert figures["accuracy"] == pytest.approx(2 / 3, abs=1e-4)


def test_a_task_without_labels_has_no_figures() -> None:
    assert measure(np.zeros((2, 3)), np.array([-1, -1]), 1.0, 0.9) == {"rows": 0}


def test_f1_of_several_answers_counts_over_answers_labels_and_rows() -> None:
    # Rows: exact, one of two found, nothing said, one too many, nothing to find and nothing said.
    truth = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
    said = np.array([[1, 0, 1], [1, 0, 0], [0, 0, 0], [1, 0, 1], [0, 0, 0]], dtype=bool)
    # Per label F1 0.8, 0, 1 with 2, 2, 2 rows; 4 hits of 5 said and 6 to be found; per row 1, 2/3, 0, 2/3, 0.
    found = multi_label_f1(said, truth)
    assert found == {"micro": 0.7273, "macro": 0.6, "weighted": 0.6, "samples": 0.4667}
