import numpy as np
import pytest
import torch
from conftest import TINY
from tiny_tokens import COUNTS, make_split, make_tokens

from labelstream_training.compare.objective import draw_batch, loss_of, random_views
from labelstream_training.compare.settings import CompareConfig
from labelstream_training.compare.trainer import plain_batch
from labelstream_training.heads import HEADS

ROWS = np.arange(64)
BOTH = (True, True)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(4)


def test_shares_of_missing_modalities_and_never_both() -> None:
    batch = draw_batch(make_split(64, 1), ROWS, CompareConfig(image_only_share=0.4, text_only_share=0.4), BOTH)
    assert 10 < (batch.has_image == 0).sum() < 42 and 10 < (batch.has_text == 0).sum() < 42
    assert ((batch.has_image + batch.has_text) > 0).all()
    assert batch.both.all()


@pytest.mark.parametrize("sees", [(True, False), (False, True)])
def test_a_head_of_one_modality_always_gets_it(sees: tuple[bool, bool]) -> None:
    batch = draw_batch(make_split(64, 1), ROWS, CompareConfig(), sees)
    assert batch.has_image.tolist() == [float(sees[0])] * 64
    assert batch.has_text.tolist() == [float(sees[1])] * 64


def test_picture_views_and_titles_with_few_words_are_mixed_in() -> None:
    data = make_split(64, 1)
    data.images["augmented2"] = make_split(64, 2).images["plain"]
    plain, mixed = plain_batch(data, ROWS), random_views(data, ROWS, 0.5)
    first = torch.from_numpy(data.images["augmented1"].tokens).float()
    assert 0.2 < (mixed.image == first).all(dim=2).all(dim=1).float().mean() < 0.8
    # Plain pictures are what the towers know by heart.
    assert not (mixed.image == plain.image).all(dim=2).any()
    same_text = (mixed.text[:, 0] == plain.text[:, 0]).all(dim=1).float().mean()
    assert 0.2 < same_text < 0.8
    assert torch.equal(random_views(data, ROWS, 0.0).text, plain.text)


@pytest.mark.parametrize("name", list(HEADS))
@pytest.mark.parametrize("options", [{"label_words_share": 0.0}, {"label_words_share": 0.5}])
def test_every_head_gets_finite_gradients_in_all_of_its_weights(name: str, options: dict) -> None:
    kind, config, tokens = HEADS[name], CompareConfig(**options), make_tokens()
    head = kind.make(TINY, COUNTS).train()
    loss_of(head, draw_batch(tokens.train, ROWS, config, kind.sees), config, torch.tensor(10.0)).backward()
    for weight_name, weight in head.named_parameters():
        assert weight.grad is not None and torch.isfinite(weight.grad).all(), weight_name
