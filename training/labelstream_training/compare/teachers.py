"""Unimodal heads as teachers of what a fused head is to say when only one modality is left (distillation, arXiv 1503.02531).

A head that sees one modality only has nothing else to lean on, and several of them, trained from other seeds, are right more often together
than alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ..catalogue import CatalogueError
from ..config import ModelConfig
from ..heads import HEADS
from .stored_head import fit_weights, read_stored_head
from .token_set import TokenBatch, run_head

IMAGE_KIND, TEXT_KIND = "image-only", "text-only"


@dataclasses.dataclass(frozen=True)
class Teachers:
    """Frozen heads by the modality they see; none of a kind: nobody teaches there."""

    image: tuple[nn.Module, ...] = ()
    text: tuple[nn.Module, ...] = ()


def read_teachers(paths: Sequence[Path], config: ModelConfig, counts: Sequence[int]) -> Teachers:
    """Opens heads that `compare` has trained over the same tokens. Raises CatalogueError where one sees both modalities or does not fit."""
    found: dict[str, list[nn.Module]] = {IMAGE_KIND: [], TEXT_KIND: []}
    for path in paths:
        kind, weights = read_stored_head(path)
        if kind not in found:
            raise CatalogueError(f"{path} is a {kind}; teachers are {IMAGE_KIND} and {TEXT_KIND}")
        head = HEADS[kind].make(config, counts)
        fit_weights(head, weights, path)
        found[kind].append(head.eval().requires_grad_(False))
    return Teachers(tuple(found[IMAGE_KIND]), tuple(found[TEXT_KIND]))


@torch.no_grad()
def taught(
    wanted: Sequence[Tensor], teachers: Sequence[nn.Module], share: float, batch: TokenBatch, flags: tuple[Tensor, Tensor]
) -> list[Tensor]:
    """Probabilities [B, C] per task: `share` of the teachers' mean, the rest of the logits `wanted`; all of these where nobody teaches."""
    own = [logits.softmax(dim=1) for logits in wanted]
    if not teachers:
        return own
    answers = [run_head(teacher, batch, *flags)[0] for teacher in teachers]
    means = [torch.stack([logits.softmax(dim=1) for logits in of_task]).mean(dim=0) for of_task in zip(*answers, strict=True)]
    return [(1.0 - share) * ours + share * theirs for ours, theirs in zip(own, means, strict=True)]
