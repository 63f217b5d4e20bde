import numpy as np
import pytest

from labelstream_training.match import Pairs, auroc, match_spec, measure_pairs, other_rows

ROWS = 4000


def noisy_pairs(noise: float, rows: int = ROWS, seed: int = 1) -> Pairs:
    """A text's vector is that of its image and noise of so much length."""
    random = np.random.default_rng(seed)
    image = unit(random.normal(size=(rows, 32)))
    text = unit(image + noise * unit(random.normal(size=(rows, 32))))
    return Pairs(image, text, np.ones(rows, dtype=bool), np.arange(rows))


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_auroc_is_the_chance_to_be_above_and_ties_count_half() -> None:
    assert auroc(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1.0
    assert auroc(np.array([1.0]), np.array([1.0, 1.0])) == 0.5
    assert auroc(np.array([1.0, 3.0]), np.array([2.0])) == 0.5


def test_partners_have_another_title_and_are_used_once() -> None:
    groups = np.array([1, 1, 1, 2, 3, 4, 5, 6, 7, 8])
    partner = other_rows(groups)
    assert (groups[partner] != groups).all()
    assert sorted(other_rows(np.arange(30))) == list(range(30))
    assert np.array_equal(partner, other_rows(groups))


@pytest.mark.parametrize("aim", [0.002, 0.005, 0.02, 0.1])
def test_the_wanted_share_of_genuine_pairs_is_lost_and_nearly_all_shuffled_ones_are_found(aim: float) -> None:
    pairs = noisy_pairs(1.0)
    match = measure_pairs(pairs, other_rows(pairs.groups), aim)
    assert match.false_alarms == pytest.approx(aim, abs=0.01)
    assert match.found > 0.95 and match.auroc > 0.99


def test_a_stricter_aim_has_a_lower_threshold_and_finds_no_more() -> None:
    pairs = noisy_pairs(3.0)
    strict, loose = (measure_pairs(pairs, other_rows(pairs.groups), aim) for aim in (0.005, 0.05))
    assert strict.threshold < loose.threshold and strict.found < loose.found
    assert strict.auroc == loose.auroc


def test_rows_that_lack_a_modality_are_neither_counted_nor_flagged() -> None:
    pairs = noisy_pairs(0.5, 400)
    pairs.both[7] = False
    other = np.roll(np.arange(400), 1)
    match = measure_pairs(pairs, other, 0.02)
    assert not match.flagged[7] and not match.flagged[8] and match.flagged.sum() > 380


def test_the_manifest_gets_a_threshold_that_is_rounded_down() -> None:
    pairs = noisy_pairs(2.0)
    spec = match_spec(pairs, 0.005)
    assert set(spec) == {"threshold", "falseAlarms", "found", "foundAt2Percent", "auroc"}
    exact = measure_pairs(pairs, other_rows(pairs.groups), 0.005).threshold
    assert exact - 1e-4 <= spec["threshold"] <= exact
    assert spec["foundAt2Percent"] >= spec["found"]


def test_no_whole_pairs_make_no_threshold() -> None:
    pairs = noisy_pairs(1.0, 8)
    pairs.both[::2] = False
    assert match_spec(pairs) is None
