import pytest
import torch
from conftest import TINY

from labelstream_training.text_tower import TextTower, WordPairs


@pytest.fixture
def pairs() -> WordPairs:
    torch.manual_seed(4)
    made = WordPairs(4096, 8)
    torch.nn.init.normal_(made.table.weight)
    return made


def rows(ids: list[int], mask: list[int] | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor([ids]), torch.tensor([mask or [1] * len(ids)])


def test_a_new_tower_gives_what_it_gave_without_pairs() -> None:
    torch.manual_seed(3)
    tower = TextTower(TINY).eval()
    ids, mask = rows([1, 7, 9, 2])
    before = tower.tokens_of(ids, mask)
    tower.pairs.rows = 1
    assert torch.equal(before, tower.tokens_of(ids, mask))


def test_a_pair_is_found_wherever_it_stands_and_its_order_matters(pairs: WordPairs) -> None:
    early, late = pairs(*rows([1, 7, 9, 2]))[0], pairs(*rows([1, 5, 7, 9]))[0]
    assert torch.equal(early[2], late[3])
    assert not torch.equal(early[2], pairs(*rows([1, 9, 7, 2]))[0][2])


def test_a_hidden_word_does_not_show_through_its_neighbours_pair(pairs: WordPairs) -> None:
    mask = [1, 0, 1, 1]
    first, second = pairs(*rows([1, 7, 9, 2], mask))[0], pairs(*rows([1, 8, 9, 2], mask))[0]
    assert torch.equal(first, second)
    assert not torch.equal(first[2], pairs(*rows([1, 7, 9, 2]))[0][2])


def test_padding_changes_no_pair_and_one_token_is_enough(pairs: WordPairs) -> None:
    short, long = pairs(*rows([1, 7, 9])), pairs(*rows([1, 7, 9, 0, 0], [1, 1, 1, 0, 0]))
    assert torch.equal(short, long[:, :3])
    assert pairs(*rows([1])).shape == (1, 1, 8)
