import numpy as np
import torch
from made_predictions import made_predictions

from labelstream_training.calibrate import calibrate, calibration_figures
from labelstream_training.metrics import expected_calibration_error
from labelstream_training.sharpen import fit_sharpness, smooth_calibration_error


def test_hard_listings_become_less_sure_and_no_label_changes() -> None:
    predictions = made_predictions()
    sharper = predictions.sharpened(fit_sharpness(predictions))
    hard = predictions.fused["complete"][:, 0, 0] > 0
    for pattern, found in sharper.logits.items():
        plain = predictions.logits[pattern]["kind"]
        assert np.array_equal(found["kind"].argmax(axis=1), plain.argmax(axis=1))
        factor = np.abs(found["kind"]).sum(axis=1) / np.abs(plain).sum(axis=1)
        assert factor[hard].mean() < 0.7 * factor[~hard].mean()


def test_rises_become_fewer_on_rows_that_were_not_fitted() -> None:
    fitted, fresh = made_predictions(seed=0), made_predictions(seed=1)
    sharpness = fit_sharpness(fitted)
    before = calibration_figures(fresh, calibrate(fitted))["kind"]
    after = calibration_figures(fresh.sharpened(sharpness), calibrate(fitted.sharpened(sharpness)))["kind"]
    assert sum(after["rises"].values()) < sum(before["rises"].values())


def test_a_task_without_known_labels_is_left_alone() -> None:
    predictions = made_predictions(rows=60)
    predictions.truth[:] = -1
    assert not fit_sharpness(predictions).any()


def test_the_smooth_calibration_error_is_near_the_plain_one() -> None:
    predictions = made_predictions()
    probabilities = torch.from_numpy(predictions.logits["imageOnly"]["kind"]).softmax(dim=1)
    truth = torch.from_numpy(predictions.truth[:, 0])
    confidence, chosen = probabilities.max(dim=1)
    plain = expected_calibration_error(confidence.numpy(), (chosen == truth).numpy())
    assert abs(float(smooth_calibration_error(probabilities, truth)) - plain) < 0.03
