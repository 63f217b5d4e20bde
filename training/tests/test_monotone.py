import numpy as np
import pytest

from labelstream_training.metrics import fit_temperature
from labelstream_training.monotone import COMPLETE, FACTORS, confidences, errors_of, monotone_temperatures


def answers(rows: int, strength: float, noise: float, seed: int, truth: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(seed)
    return strength * np.eye(3)[truth] + noise * random.standard_normal((rows, 3))


@pytest.fixture(scope="module")
def case() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """The complete case knows about as much as the text alone: half of the listings would rise by chance."""
    truth = np.random.default_rng(0).integers(0, 3, 1500)
    complete = answers(1500, 4.0, 1.6, 1, truth)
    text = complete + 0.2 * np.random.default_rng(2).standard_normal(complete.shape)
    return {COMPLETE: complete, "imageMissing": text}, truth, np.ones(1500, dtype=bool)


def share_of_rises(logits: dict[str, np.ndarray], temperatures: dict[str, float]) -> float:
    high = {name: confidences(scores, np.array([temperatures[name]]))[0] for name, scores in logits.items()}
    return float((high["imageMissing"] > high[COMPLETE] + 1e-6).mean())


def test_rises_become_few_within_the_limit_on_the_calibration_error(case: tuple) -> None:
    logits, truth, both = case
    plain = {name: fit_temperature(scores, truth) for name, scores in logits.items()}
    chosen = monotone_temperatures(logits, truth, both, limit=0.02)
    assert share_of_rises(logits, plain) > 0.3
    assert share_of_rises(logits, chosen) < 0.1
    assert chosen[COMPLETE] < plain[COMPLETE] or chosen["imageMissing"] > plain["imageMissing"]
    for name, scores in logits.items():
        assert errors_of(confidences(scores, np.array([chosen[name]])), scores, truth)[0] <= 0.02


def test_where_nothing_keeps_to_the_limit_the_least_error_is_taken(case: tuple) -> None:
    logits, truth, both = case
    chosen = monotone_temperatures(logits, truth, both, limit=-1.0)
    for name, scores in logits.items():
        grid = fit_temperature(scores, truth) * FACTORS
        errors = errors_of(confidences(scores, grid), scores, truth)
        assert chosen[name] == pytest.approx(grid[errors.argmin()])


def test_without_rises_the_likeliest_temperatures_stay(case: tuple) -> None:
    logits, truth, both = case
    apart = {COMPLETE: logits[COMPLETE] * 1.0, "imageMissing": np.zeros_like(logits[COMPLETE])}
    chosen = monotone_temperatures(apart, truth, both, limit=0.5)
    assert chosen[COMPLETE] == pytest.approx(fit_temperature(apart[COMPLETE], truth), rel=1e-3)
