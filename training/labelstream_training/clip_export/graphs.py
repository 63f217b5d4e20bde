"""The graphs of both towers, at each precision."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from ..graphs import Graph, Inputs, trace_graph, write_graph
from ..half import round_to_half, store_as_half
from ..parity import open_session
from .checkpoint import Clip, require
from .towers import ClipTextTower

PRECISIONS = ("fp32", "fp16", "int8")
# A protobuf file ends at 2 GiB, and every export passes through float32.
MOST_PARAMETERS = 500_000_000
TENSORS = ("tokens", "embedding")


def tower_graphs(clip: Clip, image: nn.Module, text: nn.Module) -> list[Graph]:
    """image, text, with inputs as a service makes them: texts have a begin token, words, an end token and padding."""
    side = clip.preprocessing.size
    special = (clip.tokeniser.begin, clip.tokeniser.end, clip.tokeniser.pad)
    words = torch.tensor([word for word in range(clip.vocabulary) if word not in special])

    def make_pixels(batch: int, _length: int, seed: int) -> Inputs:
        random = torch.Generator().manual_seed(seed)
        return {"pixels": torch.randint(0, 256, (batch, side, side, 3), dtype=torch.uint8, generator=random)}

    def make_ids(batch: int, length: int, seed: int) -> Inputs:
        random = torch.Generator().manual_seed(seed)
        length = max(2, length)
        ids = words[torch.randint(0, len(words), (batch, length), generator=random)]
        # The first row has no padding, so that the longest length is tried.
        lengths = torch.randint(2, length + 1, (batch, 1), generator=random)
        lengths[0] = length
        places = torch.arange(length)[None]
        ids = torch.where(places == 0, clip.tokeniser.begin, ids)
        ids = torch.where(places == lengths - 1, clip.tokeniser.end, ids)
        ids = torch.where(places >= lengths, clip.tokeniser.pad, ids)
        return {"input_ids": ids, "attention_mask": (places < lengths).long()}

    sequence = {0: "batch", 1: "length"}
    image_axes = {name: {0: "batch"} for name in ("pixels", *TENSORS)}
    text_axes = {"input_ids": sequence, "attention_mask": sequence, "tokens": sequence, "embedding": {0: "batch"}}
    return [Graph("image", image, TENSORS, image_axes, make_pixels), Graph("text", text, TENSORS, text_axes, make_ids)]


def write_tower(graph: Graph, path: Path, precision: str) -> Graph:
    """Writes the ONNX file. Returns the graph with a module that computes what the file does."""
    count = sum(weight.numel() for weight in graph.module.parameters())
    require(count <= MOST_PARAMETERS, f"the {graph.name} tower has {count / 1e6:.0f} M weights; {MOST_PARAMETERS / 1e6:.0f} M are the most")
    if precision == "int8":
        return write_int8(graph, path)
    if precision == "fp16":
        round_to_half(graph.module)
    write_graph(graph, path)
    return graph


def write_int8(graph: Graph, path: Path) -> Graph:
    """Matrices int8, one scale per column, activations quantised as they come; the word table float16."""
    whole = path.with_suffix(".fp32.onnx")
    if isinstance(graph.module, ClipTextTower):
        round_to_half(graph.module.words)
    trace_graph(graph, whole)
    quantize_dynamic(whole, path, op_types_to_quantize=["MatMul", "Gemm"], per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    whole.unlink()
    store_as_half(path)
    return dataclasses.replace(graph, module=OnnxModule(path, graph.module))


class OnnxModule(nn.Module):
    """An ONNX file in the place of the module that it was made of, whose weights it keeps for the count."""

    def __init__(self, path: Path, origin: nn.Module) -> None:
        super().__init__()
        self.origin = origin
        self.session = open_session(path)

    def forward(self, *inputs: Tensor) -> list[Tensor]:
        """What the file computes."""
        names = [item.name for item in self.session.get_inputs()]
        feeds = {name: value.numpy() for name, value in zip(names, inputs, strict=True)}
        return [torch.from_numpy(value) for value in self.session.run(None, feeds)]
