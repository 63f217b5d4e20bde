import numpy as np
import pytest
import torch
from made_predictions import made_predictions

from labelstream_training import sharpen
from labelstream_training.calibrate import calibrate, calibration_figures
from labelstream_training.metrics import expected_calibration_error
from labelstream_training.sharpen import MOST_RISES, STRENGTHS, fit_sharpness, fit_task, smooth_calibration_error


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


def tries(monkeypatch: pytest.MonkeyPatch, rises: list[float]) -> list[float]:
    """Makes each strength leave these rises; what is returned fills with the strengths that were tried."""
    tried: list[float] = []

    def fit(strength: float, *_: object) -> tuple[np.ndarray, float]:
        tried.append(strength)
        return np.array([strength]), rises[len(tried) - 1]

    monkeypatch.setattr(sharpen, "fit_with", fit)
    return tried


def test_rises_are_fought_harder_only_until_few_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = tries(monkeypatch, [2 * MOST_RISES, 0.9 * MOST_RISES])
    assert fit_task({}, {}, torch.empty(0)) == STRENGTHS[1]
    assert tried == list(STRENGTHS[:2])


def test_where_many_rises_stay_the_try_with_the_fewest_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = tries(monkeypatch, [5 * MOST_RISES, 2 * MOST_RISES, *[3 * MOST_RISES] * (len(STRENGTHS) - 2)])
    assert fit_task({}, {}, torch.empty(0)) == STRENGTHS[1]
    assert tried == list(STRENGTHS)


def test_the_lead_counts_less_where_confidence_would_rise() -> None:
    """Half of the listings rise by chance here, so high confidences have to come down."""
    assert fit_sharpness(made_predictions(rows=400))[0, -1] < 0


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
