import torch

from labelstream_training.augment import augment_pictures, choose_missing, drop_words
from labelstream_training.tokenise import BEGIN_ID, END_ID


def test_white_stays_white_but_for_the_erased_box() -> None:
    random = torch.Generator().manual_seed(1)
    changed = augment_pictures(torch.zeros(32, 3, 20, 15), 15, 20, random)
    assert set(changed.unique().tolist()) <= {0.0, -1.0}
    assert (changed == 0).float().mean() > 0.8


def test_grey_stays_grey_so_no_hue_is_changed() -> None:
    random = torch.Generator().manual_seed(2)
    changed = augment_pictures(torch.full((8, 3, 20, 15), -0.6), 12, 16, random)
    assert changed.shape == (8, 3, 16, 12)
    assert torch.equal(changed[:, 0], changed[:, 1]) and torch.equal(changed[:, 1], changed[:, 2])


def test_words_are_dropped_but_never_the_ends() -> None:
    ids = torch.tensor([[BEGIN_ID, 5, 6, 7, END_ID, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 1, 0]])
    assert drop_words(ids, mask, 1.0, torch.Generator().manual_seed(1)).tolist() == [[1, 0, 0, 0, 1, 0]]
    assert torch.equal(drop_words(ids, mask, 0.0, torch.Generator().manual_seed(1)), mask)


def test_modality_dropout_never_takes_both() -> None:
    image, text = choose_missing(4000, 0.35, 0.2, torch.Generator().manual_seed(3))
    assert ((image + text) > 0).all()
    assert abs(float((text == 0).float().mean()) - 0.35) < 0.03
    assert abs(float((image == 0).float().mean()) - 0.20) < 0.03
