import numpy as np
import torch
from conftest import TINY
from tiny_tokens import COUNTS, make_split

from labelstream_training.compare.token_set import join_views, pairs_of, run_head, take_images, take_texts
from labelstream_training.compare.trainer import plain_batch
from labelstream_training.heads import HEADS


def test_texts_are_cut_to_the_longest_of_the_rows() -> None:
    data = make_split(8, 1)
    data.texts["plain"].lengths[:] = torch.tensor([2, 3, 2, 2, 5, 2, 2, 2])
    tokens, mask, present = take_texts(data.texts["plain"], np.array([0, 1, 3]))
    assert tokens.shape == (3, 3, TINY.width)
    assert mask.tolist() == [[1, 1, 0], [1, 1, 1], [1, 1, 0]]
    assert present.tolist() == [1, 1, 1]


def test_a_pair_is_whole_where_there_are_an_image_and_a_text() -> None:
    data = make_split(6, 1)
    data.has_image[:] = torch.tensor([1.0, 0, 1, 1, 0, 1])
    data.texts["plain"].present[:] = torch.tensor([1.0, 1, 0, 1, 0, 1])
    pairs = pairs_of(data)
    assert pairs.both.tolist() == [True, False, False, True, False, True]
    assert np.array_equal(pairs.text, data.texts["plain"].embedding.numpy())
    assert pairs.groups.tolist() == data.groups.tolist()


def test_views_of_any_length_are_joined_row_by_row() -> None:
    short = (torch.ones(2, 1, 3), torch.ones(2, 1), torch.tensor([1.0, 0.0]))
    long = (torch.full((2, 2, 3), 7.0), torch.ones(2, 2), torch.ones(2))
    tokens, mask, present = join_views([short, long], torch.tensor([1, 0]))
    assert tokens[:, :, 0].tolist() == [[7, 7], [1, 0]]
    assert mask.tolist() == [[1, 1], [1, 0]]
    assert present.tolist() == [1, 0]


def test_listings_without_an_image_get_the_same_answer_as_with_masked_tokens() -> None:
    torch.manual_seed(1)
    data = make_split(6, 3)
    batch = plain_batch(data, np.arange(6))
    has_image, has_text = torch.tensor([1.0, 0, 1, 0, 0, 1]), torch.tensor([1.0, 1, 0, 1, 0, 1])
    mask = has_image[:, None].expand(-1, batch.image.shape[1])
    for kind in HEADS.values():
        head = kind.make(TINY, COUNTS).eval()
        with torch.no_grad():
            logits, weights, embedding = run_head(head, batch, has_image, has_text)
            plain = head(batch.image, mask, batch.text, batch.text_mask * has_text[:, None])
        for found, wanted in zip([*logits, weights, embedding], [*plain[0], *plain[1:]], strict=True):
            assert torch.allclose(found, wanted, atol=1e-5), kind.title


def test_images_come_as_float32() -> None:
    assert take_images(make_split(4, 1).images["plain"], np.array([0, 2])).dtype == torch.float32
