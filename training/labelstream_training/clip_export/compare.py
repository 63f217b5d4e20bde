"""ONNX files against the library that the checkpoint comes from."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from ..graphs import Graph, Inputs
from ..parity import ParityError, compare_names, open_session
from .checkpoint import Clip

FP32_TOLERANCE = 1e-3
# Cosine of embeddings below which a precision is not worth having.
LEAST_COSINE = {"fp32": 0.9999, "fp16": 0.999, "int8": 0.9}


@dataclasses.dataclass(frozen=True)
class Difference:
    """Largest absolute difference of any token value and of any embedding value, and the smallest cosine of two embeddings."""

    tokens: float
    embedding: float
    cosine: float


class Original(nn.Module):
    """The original library as a graph's module: its tokens with the class token first, and nothing where a text is padded."""

    def __init__(self, clip: Clip, name: str) -> None:
        super().__init__()
        self.clip, self.is_text = clip, name == "text"

    def forward(self, first: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`pixels`, or `input_ids` and `attention_mask`."""
        if mask is None:
            return self.clip.image_reference(first)
        tokens, embedding = self.clip.text_reference(first)
        rows = [self.class_first(row, ids.tolist()) for row, ids in zip(tokens, first, strict=True)]
        return torch.stack(rows) * mask[:, :, None], embedding

    def class_first(self, tokens: Tensor, ids: list[int]) -> Tensor:
        """Changes the places of the begin token and the first end token."""
        order = list(range(len(ids)))
        end = ids.index(self.clip.tokeniser.end)
        order[0], order[end] = end, 0
        return tokens[order]


def runs(clip: Clip, name: str) -> list[tuple[int, int]]:
    """Batch sizes and text lengths that are compared."""
    return [(1, 0), (3, 0)] if name == "image" else [(1, 2), (3, 9), (2, clip.context_length)]


@torch.no_grad()
def measure(clip: Clip, graph: Graph, path: Path) -> Difference:
    """Largest differences over several batch sizes and lengths. Raises ParityError where names, axes or shapes differ."""
    session = open_session(path)
    failures = compare_names(graph, session, graph.make_inputs(1, 2, 0))
    if failures:
        raise ParityError(failures)
    original = Original(clip, graph.name)
    found = [one_run(original, session, graph.make_inputs(*run, 7 + at), graph.name) for at, run in enumerate(runs(clip, graph.name))]
    return Difference(
        *(extreme(getattr(item, name) for item in found) for name, extreme in (("tokens", max), ("embedding", max), ("cosine", min)))
    )


def one_run(original: Original, session: onnxruntime.InferenceSession, inputs: Inputs, name: str) -> Difference:
    """Of one set of inputs."""
    tokens, embedding = (value.numpy() for value in original(*inputs.values()))
    own_tokens, own_embedding = session.run(None, {key: value.numpy() for key, value in inputs.items()})
    for kind, wanted, have in (("tokens", tokens, own_tokens), ("embedding", embedding, own_embedding)):
        if wanted.shape != have.shape or not np.isfinite(have).all():
            raise ParityError([f"{name}: {kind} is {have.shape} or not finite; the library has {wanted.shape}"])
    lengths = np.linalg.norm(embedding, axis=1) * np.linalg.norm(own_embedding, axis=1)
    cosines = (embedding * own_embedding).sum(axis=1) / lengths
    return Difference(float(np.abs(tokens - own_tokens).max()), float(np.abs(embedding - own_embedding).max()), float(cosines.min()))


def require_close(found: dict[str, Difference], precision: str) -> None:
    """Raises ParityError where fp32 is off by more than its tolerance, or an embedding points elsewhere."""
    failures = []
    for name, difference in found.items():
        if precision == "fp32" and max(difference.tokens, difference.embedding) > FP32_TOLERANCE:
            failures.append(f"{name}: off by {max(difference.tokens, difference.embedding):.2e} (tolerance {FP32_TOLERANCE:.0e})")
        if not difference.cosine >= LEAST_COSINE[precision]:
            failures.append(f"{name}: {precision} embeddings have a cosine of {difference.cosine:.4f} (at least {LEAST_COSINE[precision]})")
    if failures:
        raise ParityError(failures)
