"""What a head costs to serve: its ONNX graph, which has to equal PyTorch first."""

from __future__ import annotations

import copy
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

from torch import nn

from ..bundle import multiply_adds
from ..config import ModelConfig
from ..graphs import ATTENTION, fusion_graph, write_graph
from ..parity import open_session, require_parity

BATCH, TEXT_TOKENS, RUNS = 16, 12, 15


def cost_of(head: nn.Module, config: ModelConfig, image_tokens: int, tasks: Sequence[str]) -> dict:
    """`parameters`, `multiplyAdds` and `msPerListing` (median, one thread, batches of 16) of the head alone. Raises ParityError."""
    # All that is asked of a system here is how many tokens an image has.
    system = SimpleNamespace(image=SimpleNamespace(token_count=image_tokens), fusion=copy.deepcopy(head).eval())
    graph = fusion_graph(system, config, tasks)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "fusion.onnx"
        write_graph(graph, path)
        require_parity([(graph, path)], config.context_length)
        session = open_session(path)
    inputs = {name: value.numpy() for name, value in graph.make_inputs(BATCH, TEXT_TOKENS, 0).items()}
    served = [name for name in graph.outputs if name != ATTENTION]
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        session.run(served, inputs)
        seconds.append(time.perf_counter() - started)
    return {
        "parameters": sum(weight.numel() for weight in head.parameters()),
        "multiplyAdds": multiply_adds(graph),
        "msPerListing": round(1000 * statistics.median(seconds) / BATCH, 3),
    }
