from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from conftest import TINY
from onnx import TensorProto

from labelstream_training.graphs import all_graphs, write_graph
from labelstream_training.half import is_exact_in_half, round_to_half
from labelstream_training.system import LabelSystem

WIDE = 128


@pytest.fixture(scope="module")
def layer() -> torch.nn.Module:
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(WIDE, WIDE), torch.nn.LayerNorm(WIDE))


def test_rounded_matrices_survive_half_and_stay_close(layer: torch.nn.Module) -> None:
    before = layer[0].weight.detach().clone()
    assert not is_exact_in_half(before.numpy())
    round_to_half(layer)
    assert layer[0].weight.dtype == torch.float32
    assert is_exact_in_half(layer[0].weight.detach().numpy())
    assert torch.allclose(before, layer[0].weight, rtol=1e-3, atol=1e-7)


def test_values_beyond_half_are_not_exact() -> None:
    assert is_exact_in_half(np.array([0.0, -0.5, 65504.0], np.float32))
    assert not is_exact_in_half(np.array([1e6], np.float32))
    assert not is_exact_in_half(np.array([np.float32(0.1)], np.float32))


def test_large_matrices_are_stored_in_half_and_give_what_float32_gives(tmp_path: Path) -> None:
    config = TINY.__class__(**{**TINY.__dict__, "vocabulary": 1024})
    torch.manual_seed(2)
    system = LabelSystem(config, [2, 3, 2, 2, 3, 1, 1]).eval()
    text = all_graphs(system, config)[1]
    write_graph(text, tmp_path / "exact.onnx")
    assert not [item for item in onnx.load(tmp_path / "exact.onnx").graph.initializer if item.name == "text.embedding.weight.half"]
    round_to_half(system)
    write_graph(text, tmp_path / "half.onnx")
    stored = onnx.load(tmp_path / "half.onnx")
    halves = [item for item in stored.graph.initializer if item.data_type == TensorProto.FLOAT16]
    assert [list(item.dims) for item in halves] == [[1024, TINY.word_width]]
    inputs = text.make_inputs(3, 7, 1)
    with torch.no_grad():
        expected = text.module(*inputs.values())
    found = onnxruntime.InferenceSession(str(tmp_path / "half.onnx")).run(None, {name: value.numpy() for name, value in inputs.items()})
    for want, have in zip(expected, found, strict=True):
        assert np.abs(want.numpy() - have).max() < 1e-5
