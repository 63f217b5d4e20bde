"""The three graphs that are exported, with the names, shapes and example inputs of their contract."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from .catalogue import TASKS
from .config import ModelConfig
from .half import store_as_half
from .system import LabelSystem

OPSET = 17

Inputs = dict[str, Tensor]


@dataclasses.dataclass(frozen=True)
class Graph:
    """A module to export. `make_inputs(batch, length, seed)` draws inputs of a batch size and a text length."""

    name: str
    module: nn.Module
    outputs: tuple[str, ...]
    dynamic_axes: dict[str, dict[int, str]]
    make_inputs: Callable[[int, int, int], Inputs]


# Where a graph has it, services do not ask for it. ONNX Runtime computes a graph whole, whatever is asked for, so this is a tensor that the
# head has made anyway: not one node is there for it.
ATTENTION = "attention"


class FlatFusion(nn.Module):
    """The fusion head with its logits as separate outputs, and its attention where it can tell it."""

    def __init__(self, system: LabelSystem) -> None:
        super().__init__()
        self.fusion = system.fusion
        self.explains = hasattr(system.fusion, "explain")

    def forward(self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor) -> tuple[Tensor, ...]:
        """See `FusionHead.forward`."""
        head = self.fusion.explain if self.explains else self.fusion
        logits, *others = head(image_tokens, image_mask, text_tokens, text_mask)
        return (*logits, *others)


def image_graph(system: LabelSystem, config: ModelConfig) -> Graph:
    """`pixels` uint8 [B, H, W, 3] → `tokens` [B, N, width], `embedding` [B, E]."""

    def make_inputs(batch: int, _length: int, seed: int) -> Inputs:
        random = torch.Generator().manual_seed(seed)
        shape = (batch, config.image_height, config.image_width, 3)
        return {"pixels": torch.randint(0, 256, shape, dtype=torch.uint8, generator=random)}

    axes = {name: {0: "batch"} for name in ("pixels", "tokens", "embedding")}
    return Graph("image", system.image, ("tokens", "embedding"), axes, make_inputs)


def text_graph(system: LabelSystem, config: ModelConfig) -> Graph:
    """`input_ids`, `attention_mask` int64 [B, L] → `tokens` [B, L, width], `embedding` [B, E]."""

    def make_inputs(batch: int, length: int, seed: int) -> Inputs:
        random = torch.Generator().manual_seed(seed)
        ids = torch.randint(0, config.vocabulary, (batch, length), generator=random)
        lengths = torch.randint(1, length + 1, (batch, 1), generator=random)
        return {"input_ids": ids, "attention_mask": (torch.arange(length)[None] < lengths).long()}

    sequence = {0: "batch", 1: "length"}
    axes = {"input_ids": sequence, "attention_mask": sequence, "tokens": sequence, "embedding": {0: "batch"}}
    return Graph("text", system.text, ("tokens", "embedding"), axes, make_inputs)


def fusion_graph(system: LabelSystem, config: ModelConfig, tasks: Sequence[str] = TASKS) -> Graph:
    """Token sequences and masks → `logits_<task>` [B, C], `modality_weights` [B, T, 2], `embedding` [B, E].

    A head that can `explain` also gives `attention` [B, h, Ni + Nt, Ni + Nt].
    """
    count = system.image.token_count
    module = FlatFusion(system)

    def make_inputs(batch: int, length: int, seed: int) -> Inputs:
        random = torch.Generator().manual_seed(seed)
        present = torch.rand(2, batch, 1, generator=random) < 0.7
        lengths = torch.randint(1, length + 1, (batch, 1), generator=random)
        return {
            "image_tokens": torch.randn(batch, count, config.width, generator=random),
            "image_mask": present[0].float().expand(batch, count).contiguous(),
            "text_tokens": torch.randn(batch, length, config.width, generator=random),
            "text_mask": ((torch.arange(length)[None] < lengths) & present[1]).float(),
        }

    outputs = (*(f"logits_{task}" for task in tasks), "modality_weights", "embedding")
    axes: dict[str, dict[int, str]] = {name: {0: "batch"} for name in outputs}
    axes |= {name: {0: "batch", 1: "image_length"} for name in ("image_tokens", "image_mask")}
    axes |= {name: {0: "batch", 1: "text_length"} for name in ("text_tokens", "text_mask")}
    if module.explains:
        outputs = (*outputs, ATTENTION)
        axes[ATTENTION] = {0: "batch", 2: "queries", 3: "keys"}
    return Graph("fusion", module, outputs, axes, make_inputs)


def all_graphs(system: LabelSystem, config: ModelConfig, tasks: Sequence[str] = TASKS) -> list[Graph]:
    """image, text, fusion."""
    return [image_graph(system, config), text_graph(system, config), fusion_graph(system, config, tasks)]


def write_graph(graph: Graph, path: Path) -> None:
    """As `trace_graph`, with matrices that float16 holds exactly stored as such."""
    trace_graph(graph, path)
    store_as_half(path)


def trace_graph(graph: Graph, path: Path) -> None:
    """Traces the module to an ONNX file. Batch size and sequence lengths stay free."""
    example = graph.make_inputs(2, 5, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph.module.eval(),
            tuple(example.values()),
            str(path),
            input_names=list(example),
            output_names=list(graph.outputs),
            dynamic_axes=graph.dynamic_axes,
            opset_version=OPSET,
            dynamo=False,
        )
