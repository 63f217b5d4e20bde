from pathlib import Path

import numpy as np
import pytest
from made_predictions import WIDTH, made_predictions

from labelstream_training.calibrate import (
    calibrate,
    calibration_figures,
    cross_fitted,
    read_calibration,
    read_match,
    read_sharpness,
    write_calibration,
)
from labelstream_training.predict import PATTERNS


def test_the_calibration_has_the_form_of_the_manifest_and_holds_its_precision() -> None:
    predictions = made_predictions()
    found = calibrate(predictions, target=0.8)["kind"]
    assert found["targetPrecision"] == 0.8
    assert set(found["temperature"]) == set(found["threshold"]) == set(PATTERNS)
    figures = calibration_figures(predictions, {"kind": found})["kind"]
    assert all(error <= 0.05 for error in figures["error"].values())


def test_figures_tell_an_overconfident_head_and_rising_confidence() -> None:
    predictions = made_predictions()
    certain = {"kind": {"temperature": {"complete": 5.0, "imageOnly": 0.05, "textOnly": 0.05}}}
    figures = calibration_figures(predictions, certain)["kind"]
    assert figures["rises"] == {"imageOnly": pytest.approx(1.0, abs=0.01), "textOnly": pytest.approx(1.0, abs=0.01)}
    assert figures["error"]["imageOnly"] > 0.2


def test_cross_fitting_never_measures_a_row_that_it_has_fitted() -> None:
    predictions = made_predictions(rows=400)
    seen = []

    def fit(part):
        seen.append(part.truth[:, 0])
        return np.zeros((1, WIDTH + 1), dtype=np.float32)

    cross_fitted(predictions, fit)
    assert [list(part) for part in seen] == [list(predictions.truth[1::2, 0]), list(predictions.truth[::2, 0])]


def test_what_is_stored_is_read_back(tmp_path: Path) -> None:
    assert read_calibration(tmp_path) is None
    assert read_sharpness(tmp_path) is None
    sharpness = np.array([[0.25, -1.5, -0.5]], dtype=np.float32)
    write_calibration(tmp_path, {"kind": {}}, {"threshold": 0.1}, sharpness)
    assert read_calibration(tmp_path) == {"kind": {}}
    assert read_match(tmp_path) == {"threshold": 0.1}
    assert np.array_equal(read_sharpness(tmp_path), sharpness)
    write_calibration(tmp_path, {"kind": {}}, None)
    assert read_sharpness(tmp_path) is None
