"""Weights stored as float16 and computed with as float32: half the bytes, and no difference between file and training code.

Matrices are rounded in PyTorch first, so calibration, figures and export all see the same values; the graph then keeps
whatever float16 holds exactly. Convolutions stay as they are: the exporter folds batch norm into them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

# Smaller tensors are not worth a node of the graph.
LEAST_VALUES = 4096


@torch.no_grad()
def round_to_half(system: nn.Module) -> None:
    """Rounds the matrices of linear and embedding layers to the nearest float16, in place; they stay float32."""
    for module in system.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            module.weight.copy_(module.weight.half().float())


def is_exact_in_half(values: np.ndarray) -> bool:
    """Whether a float32 array survives float16 unchanged."""
    with np.errstate(over="ignore"):
        return bool(np.array_equal(values.astype(np.float16).astype(np.float32), values))


def store_as_half(path: Path) -> None:
    """Rewrites an ONNX file: every large initialiser that float16 holds exactly becomes one, with a Cast to float32 behind it.

    ONNX Runtime folds the casts when it opens the graph, so a run costs what it did before.
    """
    model = onnx.load(str(path))
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < LEAST_VALUES:
            continue
        values = numpy_helper.to_array(tensor)
        if is_exact_in_half(values):
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
