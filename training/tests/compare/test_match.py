import numpy as np
import pytest
import torch
from tiny_tokens import make_split

from labelstream_training.compare.match import auroc, measure_match


def test_auroc_is_the_chance_to_be_above_and_ties_count_half() -> None:
    assert auroc(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1.0
    assert auroc(np.array([1.0]), np.array([1.0, 1.0])) == 0.5
    assert auroc(np.array([1.0, 3.0]), np.array([2.0])) == 0.5


def test_shuffled_pairs_are_found_at_the_wanted_false_alarms() -> None:
    data = make_split(400, 1)
    vectors = torch.nn.functional.normalize(torch.randn(400, 64, generator=torch.Generator().manual_seed(1)), dim=-1)
    data.images["plain"].embedding = vectors
    data.texts["plain"].embedding = vectors
    data.has_image[7] = 0.0
    match = measure_match(data, np.roll(np.arange(400), 1))
    assert match.auroc == 1.0 and match.found == 1.0
    # Rows whose pair is not there cannot be flagged: 7 has no image, and its partner's row no image of its own to give.
    assert not match.flagged[7] and match.flagged.sum() >= 397
    assert match.figures()["falseAlarms"] == pytest.approx(0.0, abs=0.03)
