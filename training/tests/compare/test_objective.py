import dataclasses

import numpy as np
import pytest
import torch
from conftest import TINY
from tiny_tokens import COUNTS, make_split, make_tokens

from labelstream_training.compare.objective import draw_batch, loss_of, missing_losses, random_views, swap_texts
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


def test_picture_views_and_titles_without_label_words_are_mixed_in() -> None:
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


def test_swapped_listings_have_the_text_of_the_one_before_and_only_where_allowed() -> None:
    batch = plain_batch(make_split(64, 1), ROWS)
    texts = batch.text.clone()
    may = (torch.arange(64) % 2).float()
    swapped = swap_texts(batch, may, 0.5)
    assert 5 < swapped.sum() < 28
    assert not (swapped * (1 - may)).any()
    assert torch.equal(batch.text[swapped > 0], texts.roll(1, dims=0)[swapped > 0])
    assert torch.equal(batch.text[swapped == 0], texts[swapped == 0])


def test_mismatched_pairs_keep_both_modalities_and_are_no_pair_for_the_embedding() -> None:
    config = CompareConfig(mismatch_share=0.5)
    batch = draw_batch(make_split(64, 1), ROWS, config, BOTH)
    wrong = batch.both == 0
    assert 3 < wrong.sum() < 25
    assert (batch.has_image[wrong] * batch.has_text[wrong]).all()


def test_distillation_and_penalty_count_only_listings_that_lack_something() -> None:
    config = CompareConfig(distillation_weight=1.0, monotone_weight=1.0)
    sure, unsure = torch.tensor([[9.0, 0.0], [9.0, 0.0]]), torch.zeros(2, 2)
    nothing = missing_losses([sure], [unsure], torch.zeros(2), config)
    assert nothing.item() == 0.0
    assert missing_losses([sure], [sure], torch.ones(2), config).item() == pytest.approx(0.0, abs=1e-6)
    penalty = dataclasses.replace(config, distillation_weight=0.0)
    assert missing_losses([sure], [unsure], torch.ones(2), penalty).item() == pytest.approx(0.5, abs=1e-3)
    # Confidence that falls is as it should be.
    assert missing_losses([unsure], [sure], torch.ones(2), penalty).item() == 0.0


@pytest.mark.parametrize("name", list(HEADS))
@pytest.mark.parametrize(
    "options", [{}, {"mismatch_share": 0.3, "label_words_share": 0.3, "distillation_weight": 1.0, "monotone_weight": 1.0}]
)
def test_every_head_gets_finite_gradients_in_all_of_its_weights(name: str, options: dict) -> None:
    kind, config, tokens = HEADS[name], CompareConfig(**options), make_tokens()
    head = kind.make(TINY, COUNTS).train()
    average = kind.make(TINY, COUNTS).eval().requires_grad_(False)
    loss_of(head, average, draw_batch(tokens.train, ROWS, config, kind.sees), config, torch.tensor(10.0)).backward()
    for weight_name, weight in head.named_parameters():
        assert weight.grad is not None and torch.isfinite(weight.grad).all(), weight_name
