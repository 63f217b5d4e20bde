import pytest
import torch
from conftest import TINY
from tiny_tokens import COUNTS, make_split

from labelstream_training.compare.conditions import CONDITIONS, Seen, mixed_patterns, run_conditions
from labelstream_training.compare.token_set import TokenSet
from labelstream_training.heads import HEADS
from labelstream_training.match import other_rows


@pytest.fixture(scope="module")
def data() -> TokenSet:
    data = make_split(40, 3)
    data.has_image[5] = 0.0
    return data


@pytest.fixture(scope="module")
def seen(data: TokenSet) -> dict[str, Seen]:
    torch.manual_seed(2)
    flagged = torch.arange(40) < 10
    return run_conditions(HEADS["cma-clip"].make(TINY, COUNTS).eval(), data, other_rows(data.groups.numpy()), flagged)


def same(first: Seen, second: Seen, rows: slice) -> bool:
    return all(torch.allclose(a[rows], b[rows], atol=1e-5) for a, b in zip(first.logits, second.logits, strict=True))


def test_all_conditions_are_there_and_each_says_what_was_left(seen: dict[str, Seen]) -> None:
    assert list(seen) == list(CONDITIONS)
    assert seen["complete"].pattern.tolist() == [0] * 5 + [2] + [0] * 34
    assert seen["textMissing"].pattern.tolist() == [1] * 5 + [3] + [1] * 34
    assert set(seen["imageMissing"].pattern.tolist()) == {2}
    assert torch.equal(seen["imageMissing"].weights[:, :, 0], torch.zeros(40, 7))


def test_seventy_percent_lack_one_modality_half_of_them_each(seen: dict[str, Seen]) -> None:
    pattern = mixed_patterns(40)
    assert [int((pattern == value).sum()) for value in range(3)] == [12, 14, 14]
    mixed = seen["mixedMissing"]
    for value, name in enumerate(("complete", "textMissing", "imageMissing")):
        rows = pattern == value
        assert torch.allclose(mixed.logits[3][rows], seen[name].logits[3][rows])


def test_another_text_is_that_of_the_partner(seen: dict[str, Seen], data: TokenSet) -> None:
    other = other_rows(data.groups.numpy())
    swapped = make_split(40, 3)
    swapped.has_image[5] = 0.0
    for texts in swapped.texts.values():
        texts.tokens = texts.tokens[other]
        texts.lengths = texts.lengths[torch.from_numpy(other)]
    torch.manual_seed(2)
    head = HEADS["cma-clip"].make(TINY, COUNTS).eval()
    again = run_conditions(head, swapped, other, torch.zeros(40))
    assert same(seen["otherText"], again["complete"], slice(None))
    assert not same(seen["otherText"], seen["complete"], slice(None))


def test_flagged_pairs_are_answered_from_the_image(seen: dict[str, Seen]) -> None:
    assert same(seen["otherTextFlagged"], seen["textMissing"], slice(0, 10))
    assert same(seen["otherTextFlagged"], seen["otherText"], slice(10, 40))
    assert seen["otherTextFlagged"].pattern[:5].tolist() == [1] * 5
