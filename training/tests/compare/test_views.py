from pathlib import Path

import torch

from labelstream_training.catalogue import TASKS, Listing
from labelstream_training.compare.views import blur, picture_view, text_view

LABELS = ("Men", "Apparel", "Bottomwear", "Jeans", "Red", "", "Casual")
LISTING = Listing(Path("folder"), "1", "Acme Red Jeans", dict(zip(TASKS, LABELS, strict=True)), "val")


def test_blur_keeps_plain_areas_white_and_softens_an_edge() -> None:
    picture = torch.zeros(1, 3, 24, 20)
    assert not blur(picture).any()
    picture[:, :, :, 10:] = -2.0
    soft = blur(picture)
    assert soft.shape == picture.shape
    assert -1.5 < soft[0, 0, 12, 9] < -0.3
    assert torch.allclose(soft[0, 0, 12, 14:16], torch.tensor(-2.0), atol=0.05)


def test_augmented_views_repeat_and_differ_from_each_other_and_from_the_plain_one() -> None:
    picture = torch.randn(4, 3, 32, 24, generator=torch.Generator().manual_seed(1))
    assert torch.equal(picture_view(picture, "plain", 0), picture)
    first = picture_view(picture, "augmented1", 0)
    assert torch.equal(first, picture_view(picture, "augmented1", 0))
    for other in (picture, picture_view(picture, "augmented2", 0), picture_view(picture, "augmented1", 128)):
        assert not torch.equal(first, other)


def test_titles_by_view() -> None:
    assert text_view(LISTING, "plain", 3) == "Acme Red Jeans"
    assert text_view(LISTING, "withoutLabelWords", 3) == "Acme"
    assert text_view(LISTING, "typos", 3) not in ("Acme Red Jeans", "")
