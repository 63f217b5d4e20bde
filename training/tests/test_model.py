import math

import pytest
import torch
from conftest import TINY
from torch import Tensor

from labelstream_training.config import ModelConfig
from labelstream_training.fusion_head import MOST_SHARPENING, log_lead, sharpening
from labelstream_training.image_tower import make_stem
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


def test_attention_sums_to_one_and_none_goes_to_what_is_masked(system: LabelSystem) -> None:
    text_mask = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    with torch.no_grad():
        *served, attention = system.fusion.explain(tokens(1, 6, 1), torch.ones(1, 6), tokens(1, 4, 2), text_mask)
        plain = system.fusion(tokens(1, 6, 1), torch.ones(1, 6), tokens(1, 4, 2), text_mask)
    assert attention.shape == (1, TINY.heads, 10, 10)
    assert torch.allclose(attention.sum(dim=-1), torch.ones(1, TINY.heads, 10), atol=1e-5)
    assert torch.equal(attention[..., 8:], torch.zeros(1, TINY.heads, 10, 2))
    assert same([*served[0], *served[1:]], [*plain[0], *plain[1:]])


def test_the_first_patch_looks_at_the_first_pixel_and_each_further_one_eight_pixels_on(system: LabelSystem) -> None:
    stem = make_stem(TINY).eval()
    x = torch.randn(1, 3, 32, 24, requires_grad=True)
    for column in (1, 2):
        (gradient,) = torch.autograd.grad(stem(x)[0, :, 2, column].sum(), x, retain_graph=False)
        seen = gradient.abs().sum(dim=(0, 1)).nonzero()
        assert (seen.min(0).values + seen.max(0).values).div(2).tolist() == [16, 8 * column]


def test_sharpness_changes_confidence_and_no_label() -> None:
    torch.manual_seed(0)
    fused, leads, sharpness = torch.randn(5, 3, 8), torch.randn(5, 3), torch.randn(3, 9) * 20
    factors = sharpening(fused, leads, sharpness)
    assert factors.shape == (5, 3)
    assert (factors > 0).all()
    assert factors.max() <= math.exp(MOST_SHARPENING) + 1e-5
    assert torch.equal(sharpening(fused, leads, torch.zeros(3, 9)), torch.ones(5, 3))


def test_the_lead_of_a_label_can_count_for_less_and_never_turns_the_order_of_confidences() -> None:
    logits = torch.tensor([[0.1, 0.0, -9.0], [1.0, 0.0, -9.0], [4.0, 0.0, -9.0]])
    factors = sharpening(torch.zeros(3, 1, 2), log_lead(logits)[:, None], torch.tensor([[0.0, 0.0, -0.6]]))
    plain, even = (scores.softmax(dim=1).amax(dim=1) for scores in (logits, logits * factors))
    assert (even.diff() > 0).all()
    assert even[2] - even[0] < plain[2] - plain[0]


def test_a_task_of_one_label_has_no_lead() -> None:
    assert torch.equal(log_lead(torch.tensor([[3.0], [-2.0]])), log_lead(torch.zeros(2, 2)))
