from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import TINY
from torch import Tensor, nn

from labelstream_training.graphs import fusion_graph, write_graph
from labelstream_training.heads import HEADS
from labelstream_training.heads.embracenet import EmbraceNet
from labelstream_training.heads.one_stream import OneStream, lowest
from labelstream_training.parity import require_parity
from labelstream_training.system import LabelSystem

COUNTS = [2, 3, 2, 2, 3, 1, 1]
FUSED = [name for name, kind in HEADS.items() if all(kind.sees)]


def make(name: str) -> nn.Module:
    torch.manual_seed(3)
    return HEADS[name].make(TINY, COUNTS).eval()


def tokens(batch: int, length: int, seed: int) -> Tensor:
    return torch.randn(batch, length, TINY.width, generator=torch.Generator().manual_seed(seed))


def outputs(head: nn.Module, image: Tensor, image_mask: Tensor, text: Tensor, text_mask: Tensor) -> list[Tensor]:
    with torch.no_grad():
        logits, weights, embedding = head(image, image_mask, text, text_mask)
    return [*logits, weights, embedding]


def same(first: list[Tensor], second: list[Tensor]) -> bool:
    return all(torch.allclose(a, b, atol=1e-5) for a, b in zip(first, second, strict=True))


@pytest.fixture(params=list(HEADS))
def head(request: pytest.FixtureRequest) -> nn.Module:
    return make(request.param)


def test_outputs_have_the_shapes_of_the_contract(head: nn.Module) -> None:
    found = outputs(head, tokens(3, 6, 1), torch.ones(3, 6), tokens(3, 4, 2), torch.ones(3, 4))
    assert [value.shape[1] for value in found[:7]] == COUNTS
    assert found[-2].shape == (3, 7, 2)
    assert torch.allclose(found[-2].sum(dim=2), torch.ones(3, 7), atol=1e-5)
    assert found[-1].shape == (3, TINY.embedding_width)
    assert torch.allclose(found[-1].norm(dim=1), torch.ones(3), atol=1e-5)


@pytest.mark.parametrize("missing", [0, 1])
def test_a_missing_modality_has_no_weight_and_its_tokens_change_nothing(head: nn.Module, missing: int) -> None:
    masks = [torch.ones(3, 6), torch.ones(3, 4)]
    masks[missing] = torch.zeros_like(masks[missing])
    first = outputs(head, tokens(3, 6, 1), masks[0], tokens(3, 4, 2), masks[1])
    others = [tokens(3, 6, 1), tokens(3, 4, 2)]
    others[missing] = torch.full_like(others[missing], float("nan"))
    assert same(first, outputs(head, others[0], masks[0], others[1], masks[1]))
    assert torch.equal(first[-2][:, :, missing], torch.zeros(3, 7))


def test_padding_changes_nothing(head: nn.Module) -> None:
    image, text, on = tokens(2, 6, 1), tokens(2, 4, 2), torch.ones(2, 6)
    padded = torch.cat([text, tokens(2, 3, 5) * 9], dim=1)
    mask = torch.cat([torch.ones(2, 4), torch.zeros(2, 3)], dim=1)
    assert same(outputs(head, image, on, text, torch.ones(2, 4)), outputs(head, image, on, padded, mask))


def test_nothing_at_all_gives_finite_outputs_and_no_weights(head: nn.Module) -> None:
    found = outputs(head, tokens(1, 4, 1), torch.zeros(1, 4), tokens(1, 4, 2), torch.zeros(1, 4))
    assert all(torch.isfinite(value).all() for value in found)
    assert torch.equal(found[-2], torch.zeros(1, 7, 2))


def test_every_head_exports_with_free_axes_and_equals_pytorch(head: nn.Module, tmp_path: Path) -> None:
    system = LabelSystem(TINY, COUNTS).eval()
    system.fusion = head
    graph = fusion_graph(system, TINY)
    write_graph(graph, tmp_path / "fusion.onnx")
    require_parity([(graph, tmp_path / "fusion.onnx")], TINY.context_length)


@pytest.mark.parametrize("name", FUSED)
def test_fused_heads_look_at_both_modalities(name: str) -> None:
    head = make(name)
    first = outputs(head, tokens(2, 6, 1), torch.ones(2, 6), tokens(2, 4, 2), torch.ones(2, 4))
    assert not same(first, outputs(head, tokens(2, 6, 8), torch.ones(2, 6), tokens(2, 4, 2), torch.ones(2, 4)))
    assert not same(first, outputs(head, tokens(2, 6, 1), torch.ones(2, 6), tokens(2, 4, 9), torch.ones(2, 4)))


@pytest.mark.parametrize(("name", "other"), [("image-only", 1), ("text-only", 0)])
def test_unimodal_heads_never_look_at_the_other_modality(name: str, other: int) -> None:
    head = make(name)
    inputs = [tokens(2, 6, 1), tokens(2, 4, 2)]
    first = outputs(head, inputs[0], torch.ones(2, 6), inputs[1], torch.ones(2, 4))
    inputs[other] = inputs[other] * 3 + 1
    assert same(first, outputs(head, inputs[0], torch.ones(2, 6), inputs[1], torch.ones(2, 4)))


@pytest.mark.parametrize("name", ["cma-clip-plain", "clip-mlp", "embracenet"])
def test_heads_over_class_tokens_see_nothing_else(name: str) -> None:
    head = make(name)
    first = outputs(head, tokens(2, 6, 1), torch.ones(2, 6), tokens(2, 4, 2), torch.ones(2, 4))
    image, text = tokens(2, 6, 5), tokens(2, 4, 6)
    image[:, 0], text[:, 0] = tokens(2, 6, 1)[:, 0], tokens(2, 4, 2)[:, 0]
    assert same(first, outputs(head, image, torch.ones(2, 6), text, torch.ones(2, 4)))


def test_each_embraced_feature_comes_from_one_modality_that_is_there_and_evaluation_takes_the_mean() -> None:
    head = EmbraceNet(TINY, COUNTS)
    docked = torch.stack([torch.full((4, 400), 1.0), torch.full((4, 400), 3.0)], dim=1)
    shares = torch.tensor([[0.5, 0.5], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    drawn = head.train().embrace(docked, shares)
    assert set(drawn[0].tolist()) == {1.0, 3.0}
    assert [set(row.tolist()) for row in drawn[1:]] == [{1.0}, {3.0}, {0.0}]
    assert drawn[0].mean().item() == pytest.approx(2.0, abs=0.2)
    assert head.eval().embrace(docked, shares)[:, 0].tolist() == [2.0, 1.0, 3.0, 0.0]


def test_hidden_places_are_real_and_never_the_class_token() -> None:
    mask = torch.tensor([[1.0, 1, 1, 1, 0], [1, 0, 0, 0, 0]])
    assert lowest(torch.tensor([[0.0, 3, 1, 2, 0], [0, 0, 0, 0, 0]]), mask, 0.5).tolist() == [[0, 0, 1, 1, 0], [0, 0, 0, 0, 0]]


def aligned_pair() -> tuple[Tensor, Tensor]:
    """Eleven patches and words that are orthogonal to each other, each word equal to one patch."""
    return torch.eye(TINY.width)[None, :12], torch.eye(TINY.width)[None, :12]


def test_aligned_masking_hides_the_patches_of_the_hidden_words() -> None:
    torch.manual_seed(1)
    image, text = aligned_pair()
    hidden_image, hidden_text = OneStream(TINY, COUNTS, aligned=True).choose_hidden(image, torch.ones(1, 12), text, torch.ones(1, 12))
    assert torch.equal(hidden_image, hidden_text)
    assert hidden_text.sum() == 2


@pytest.mark.parametrize("aligned", [False, True])
def test_restoring_hidden_tokens_is_learned_and_works_with_one_modality(aligned: bool) -> None:
    torch.manual_seed(2)
    head = OneStream(TINY, COUNTS, aligned=aligned)
    inputs = (tokens(4, 6, 1), torch.ones(4, 6), tokens(4, 5, 2), torch.tensor([[1.0] * 5, [1.0] * 5, [0.0] * 5, [0.0] * 5]))
    optimiser = torch.optim.AdamW(head.parameters(), lr=3e-3)

    def loss_of() -> Tensor:
        return head.auxiliary_loss(*inputs)

    before = mean_of(loss_of)
    for _ in range(40):
        optimiser.zero_grad()
        loss_of().backward()
        optimiser.step()
    assert mean_of(loss_of) < before - 0.05


@torch.no_grad()
def mean_of(loss_of: Callable[[], Tensor]) -> float:
    return sum(float(loss_of()) for _ in range(8)) / 8
