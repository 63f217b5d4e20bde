import pytest
import torch
from conftest import TINY
from torch import Tensor

from labelstream_training.config import ModelConfig
from labelstream_training.system import LabelSystem, exported_parameters

COUNTS = [2, 3, 2, 2, 3, 1, 1]


@pytest.fixture(scope="module")
def system() -> LabelSystem:
    torch.manual_seed(3)
    return LabelSystem(TINY, COUNTS).eval()


def tokens(batch: int, length: int, seed: int) -> Tensor:
    return torch.randn(batch, length, TINY.width, generator=torch.Generator().manual_seed(seed))


def outputs(system: LabelSystem, image: Tensor, image_mask: Tensor, text: Tensor, text_mask: Tensor) -> list[Tensor]:
    with torch.no_grad():
        logits, weights, embedding = system.fusion(image, image_mask, text, text_mask)
    return [*logits, weights, embedding]


def same(first: list[Tensor], second: list[Tensor]) -> bool:
    return all(torch.allclose(a, b, atol=1e-6) for a, b in zip(first, second, strict=True))


def test_shapes_and_unit_length(system: LabelSystem) -> None:
    pixels = torch.randint(0, 256, (2, 32, 24, 3), dtype=torch.uint8)
    ids, mask = torch.ones(2, 5, dtype=torch.long), torch.ones(2, 5, dtype=torch.long)
    with torch.no_grad():
        image, image_embedding = system.image(pixels)
        text, text_embedding = system.text(ids, mask)
    assert image.shape == (2, system.image.token_count, TINY.width)
    assert text.shape == (2, 5, TINY.width)
    for embedding in (image_embedding, text_embedding):
        assert torch.allclose(embedding.norm(dim=1), torch.ones(2), atol=1e-5)


@pytest.mark.parametrize("missing", ["image", "text"])
def test_what_stands_in_a_missing_modality_changes_nothing(system: LabelSystem, missing: str) -> None:
    on, off = torch.ones(3, 6), torch.zeros(3, 6)
    masks = (off, on) if missing == "image" else (on, off)
    first = outputs(system, tokens(3, 6, 1), masks[0], tokens(3, 6, 2), masks[1])
    other = [tokens(3, 6, 8) * 50, tokens(3, 6, 2)] if missing == "image" else [tokens(3, 6, 1), tokens(3, 6, 9) * 50]
    assert same(first, outputs(system, other[0], masks[0], other[1], masks[1]))
    broken = [torch.full_like(other[0], float("nan")), other[1]] if missing == "image" else [other[0], other[1] * float("nan")]
    assert same(first, outputs(system, broken[0], masks[0], broken[1], masks[1]))


def test_weights_of_a_missing_modality_are_zero_and_the_other_has_all(system: LabelSystem) -> None:
    weights = outputs(system, tokens(1, 6, 1), torch.ones(1, 6), tokens(1, 4, 2), torch.zeros(1, 4))[-2]
    assert torch.equal(weights[0, :, 0], torch.ones(len(COUNTS)))
    assert torch.equal(weights[0, :, 1], torch.zeros(len(COUNTS)))


def test_padding_changes_nothing(system: LabelSystem) -> None:
    image, text, on = tokens(2, 6, 1), tokens(2, 4, 2), torch.ones(2, 6)
    padded = torch.cat([text, tokens(2, 3, 5)], dim=1)
    mask = torch.cat([torch.ones(2, 4), torch.zeros(2, 3)], dim=1)
    assert same(outputs(system, image, on, text, torch.ones(2, 4)), outputs(system, image, on, padded, mask))


def test_text_padding_changes_nothing_in_the_tower(system: LabelSystem) -> None:
    ids = torch.tensor([[1, 7, 9, 2]])
    with torch.no_grad():
        short, _ = system.text(ids, torch.ones_like(ids))
        padded = torch.cat([ids, torch.zeros(1, 4, dtype=torch.long)], dim=1)
        long, _ = system.text(padded, (torch.arange(8) < 4).long()[None])
    assert torch.allclose(short, long[:, :4], atol=1e-5)


def test_nothing_at_all_gives_finite_outputs_and_no_weights(system: LabelSystem) -> None:
    off = torch.zeros(1, 4)
    found = outputs(system, tokens(1, 4, 1), off, tokens(1, 4, 2), off)
    assert all(torch.isfinite(value).all() for value in found)
    assert torch.equal(found[-2], torch.zeros(1, len(COUNTS), 2))
    assert same(found, outputs(system, tokens(1, 4, 6), off, tokens(1, 4, 7), off))


def test_neighbours_in_a_batch_change_nothing(system: LabelSystem) -> None:
    pixels = torch.randint(0, 256, (4, 32, 24, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        assert torch.allclose(system.image(pixels)[0][:1], system.image(pixels[:1])[0], atol=1e-5)


def test_the_default_model_keeps_to_its_budget() -> None:
    # 20 MB as stored, matrices in float16, with the label counts of the fashion catalogue.
    system = LabelSystem(ModelConfig(), [5, 7, 44, 138, 46, 4, 8])
    exported = {id(weight) for part in (system.image, system.text, system.fusion) for weight in part.parameters()}
    halves = {id(layer.weight) for layer in system.modules() if isinstance(layer, torch.nn.Linear | torch.nn.Embedding)} & exported
    in_half = sum(weight.numel() for weight in system.parameters() if id(weight) in halves)
    assert 4 * exported_parameters(system) - 2 * in_half < 20e6
