import numpy as np
import pytest
import torch
from tiny_tokens import COUNTS

from labelstream_training.catalogue import TASKS
from labelstream_training.compare.conditions import CONDITIONS, Seen
from labelstream_training.compare.measure import calibrated, fit_folds, measure_all, rises


def answers(labels: torch.Tensor, strength: float, pattern: int = 0) -> Seen:
    """Right everywhere, with logits of one strength."""
    logits = [
        strength * torch.nn.functional.one_hot(labels[:, task].clamp(min=0), max(count, 2)).float() for task, count in enumerate(COUNTS)
    ]
    rows = len(labels)
    return Seen(logits, torch.full((rows, len(COUNTS), 2), 0.5), torch.full((rows,), pattern))


def labels_of(rows: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(1)
    return torch.stack([torch.randint(0, count, (rows,), generator=random) for count in COUNTS], dim=1)


def test_every_condition_and_task_has_its_figures() -> None:
    labels = labels_of(60)
    patterns = {"textMissing": 1, "imageMissing": 2}
    seen = {name: answers(labels, 3.0, patterns.get(name, 0)) for name in CONDITIONS}
    found = measure_all(seen, labels, {task: [] for task in TASKS})
    assert list(found["conditions"]) == list(CONDITIONS)
    for tasks in found["conditions"].values():
        assert list(tasks) == list(TASKS)
        assert tasks["gender"]["accuracy"] == 1.0 and tasks["gender"]["imageWeight"] == 0.5
        assert set(tasks["gender"]) >= {"macroF1", "recallAtPrecision", "expectedCalibrationError", "rows"}
    assert set(found["monotone"]["usage"]) == {"complete", "textMissing", "imageMissing"}
    assert set(found["rises"]) == {"imageMissing", "textMissing"}


def test_a_fold_is_calibrated_on_the_other_one() -> None:
    random = np.random.default_rng(1)
    truth = random.integers(0, 2, 400)
    logits = np.stack([1.0 - truth, truth], axis=1) * 2.0
    # Rows of odd number are wrong in a third of the cases, those of even number never: each fold gets the other's doubt.
    wrong = (np.arange(400) % 2 == 1) & (random.random(400) < 1 / 3)
    logits[wrong] = logits[wrong][:, ::-1]
    one = Seen([torch.from_numpy(logits)], torch.zeros(400, 1, 2), torch.zeros(400, dtype=torch.long))
    temperatures = fit_folds(dict.fromkeys(("complete", "textMissing", "imageMissing"), one), truth, 0)
    assert temperatures[0, 0] > 2.0
    assert temperatures[1, 0] < 1.0
    scaled = calibrated(one, 0, temperatures)
    assert scaled[0].max() == pytest.approx(logits[0].max() / temperatures[0, 0])
    assert scaled[1].max() == pytest.approx(logits[1].max() / temperatures[1, 0])


def test_rises_count_only_listings_with_both_modalities() -> None:
    low, high = np.array([[0.0, 1.0]] * 4), np.array([[0.0, 2.0]] * 2 + [[0.0, 0.5]] * 2)
    assert rises(low, high, np.array([True] * 4)) == 0.5
    assert rises(low, high, np.array([False, True, True, True])) == pytest.approx(1 / 3, abs=1e-3)
    assert rises(low, low, np.array([True] * 4)) == 0.0
