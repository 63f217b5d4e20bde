"""Compares an exported graph with the module it came from; all differences are reported at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import torch

from .graphs import Graph, Inputs

ABSOLUTE_TOLERANCE = 1e-4
BATCH_SIZES = (1, 3, 8)
TEXT_LENGTHS = (1, 2, 9, 32)


class ParityError(Exception):
    """ONNX and PyTorch differ; `failures` has every difference found."""

    def __init__(self, failures: list[str]) -> None:
        super().__init__("ONNX and PyTorch differ:\n" + "\n".join(f"- {failure}" for failure in failures))
        self.failures = failures


def open_session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    """A CPU session."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def compare_names(graph: Graph, session: onnxruntime.InferenceSession, inputs: Inputs) -> list[str]:
    """Differences in the names of inputs and outputs, and in the number of axes and their freedom."""
    failures = []
    for kind, found, wanted in (
        ("inputs", [item.name for item in session.get_inputs()], list(inputs)),
        ("outputs", [item.name for item in session.get_outputs()], list(graph.outputs)),
    ):
        if found != wanted:
            failures.append(f"{graph.name}: {kind} are {found} instead of {wanted}")
    for item in (*session.get_inputs(), *session.get_outputs()):
        for axis in graph.dynamic_axes.get(item.name, {}):
            if axis >= len(item.shape) or not isinstance(item.shape[axis], str):
                failures.append(f"{graph.name}: axis {axis} of {item.name} is fixed: {item.shape}")
    return failures


def compare_values(graph: Graph, session: onnxruntime.InferenceSession, inputs: Inputs, label: str, tolerance: float) -> list[str]:
    """Differences in shape or value for one set of inputs."""
    with torch.no_grad():
        expected = [value.numpy() for value in graph.module(*inputs.values())]
    try:
        found = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    except Exception as error:
        return [f"{graph.name} {label}: {error}"]
    failures = []
    for name, want, have in zip(graph.outputs, expected, found, strict=False):
        if want.shape != have.shape:
            failures.append(f"{graph.name} {label}: {name} is {have.shape} instead of {want.shape}")
        elif not np.isfinite(have).all():
            failures.append(f"{graph.name} {label}: {name} is not finite")
        elif (off := float(np.abs(want - have).max())) > tolerance:
            failures.append(f"{graph.name} {label}: {name} is off by {off:.2e} (tolerance {tolerance:.0e})")
    return failures


def check_parity(graph: Graph, path: Path, text_lengths: tuple[int, ...], tolerance: float) -> list[str]:
    """Every difference between the ONNX file and the module, over batch sizes and text lengths."""
    session = open_session(path)
    failures = compare_names(graph, session, graph.make_inputs(1, 1, 0))
    if failures:
        return failures
    for batch in BATCH_SIZES:
        for length in text_lengths:
            inputs = graph.make_inputs(batch, length, 17 * batch + length)
            failures += compare_values(graph, session, inputs, f"batch {batch}, length {length}", tolerance)
    return failures


def require_parity(pairs: list[tuple[Graph, Path]], context_length: int, tolerance: float = ABSOLUTE_TOLERANCE) -> None:
    """Raises ParityError with the failures of all graphs."""
    lengths = tuple(sorted({min(length, context_length) for length in TEXT_LENGTHS}))
    failures = [line for graph, path in pairs for line in check_parity(graph, path, lengths, tolerance)]
    if failures:
        raise ParityError(failures)
