import pytest
import torch

from labelstream_training.captions.decoder import CaptionDecoder, generate, silenced
from labelstream_training.captions.settings import CaptionConfig

CONFIG = CaptionConfig(width=16, heads=2, text_blocks=1, image_blocks=1, queries=3, embedding_width=8, longest=7)
WORDS, IMAGE_WIDTH, IMAGE_TOKENS = 20, 12, 5


@pytest.fixture(scope="module")
def decoder() -> CaptionDecoder:
    torch.manual_seed(3)
    return CaptionDecoder(CONFIG, IMAGE_WIDTH, WORDS).eval().requires_grad_(False)


def titles() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor([[1, 5, 9, 4, 2, 0], [1, 7, 2, 0, 0, 0]]), torch.tensor([5, 3])


def images(rows: int = 2) -> torch.Tensor:
    return torch.randn(rows, IMAGE_TOKENS, IMAGE_WIDTH, generator=torch.Generator().manual_seed(1))


def test_a_token_sees_neither_later_tokens_nor_the_class_token(decoder: CaptionDecoder) -> None:
    ids, lengths = titles()
    spoken, _, _ = decoder(images(), None, ids, lengths)
    changed = ids.clone()
    changed[0, 3:5] = torch.tensor([11, 12])
    again, _, _ = decoder(images(), None, changed, torch.tensor([4, 3]))
    assert torch.allclose(spoken[0, :3], again[0, :3], atol=1e-6)
    assert not torch.allclose(spoken[0, 3], again[0, 3], atol=1e-3)


def test_padding_changes_neither_words_nor_vectors(decoder: CaptionDecoder) -> None:
    ids, lengths = titles()
    spoken, image, text = decoder(images(), None, ids, lengths)
    alone, image_alone, text_alone = decoder(images()[1:], None, ids[1:, :3], lengths[1:])
    assert torch.allclose(spoken[1:, :3], alone, atol=1e-6)
    assert torch.allclose(text[1:], text_alone, atol=1e-6) and torch.allclose(image[1:], image_alone, atol=1e-6)
    assert torch.allclose(text.norm(dim=1), torch.ones(2)) and torch.allclose(image.norm(dim=1), torch.ones(2))


def test_the_text_vector_knows_nothing_of_the_image(decoder: CaptionDecoder) -> None:
    ids, lengths = titles()
    assert torch.equal(decoder(images(), None, ids, lengths)[2], decoder(images() + 1, None, ids, lengths)[2])


def test_hidden_image_tokens_do_not_matter(decoder: CaptionDecoder) -> None:
    ids, lengths = titles()
    hidden = torch.zeros(2, IMAGE_TOKENS)
    hidden[:, 2] = 1
    other = images()
    other[:, 2] += 9
    found, wanted = (decoder(tokens, hidden, ids, lengths)[0] for tokens in (other, images()))
    assert torch.allclose(found, wanted, atol=1e-5)


def test_greedy_titles_are_those_of_the_whole_decoder(decoder: CaptionDecoder) -> None:
    ids, logits = generate(decoder, images(3), 1, 6)
    assert ids.shape == (3, 6) and not torch.isin(ids, torch.tensor([0, 1, 3])).any()
    whole = torch.cat([torch.ones(3, 1, dtype=torch.long), ids[:, :-1]], dim=1)
    spoken, _, _ = decoder(images(3), None, whole, torch.full((3,), 6))
    wanted = silenced(decoder.logits(spoken.flatten(0, 1))).unflatten(0, (3, 6))
    ended = (whole == 2).cumsum(1) > 0
    assert torch.allclose(logits[~ended], wanted[~ended], atol=1e-5)


def test_what_is_served_is_counted_without_what_only_training_needs(decoder: CaptionDecoder) -> None:
    assert 0 < decoder.served_parameters() < sum(weight.numel() for weight in decoder.parameters())
