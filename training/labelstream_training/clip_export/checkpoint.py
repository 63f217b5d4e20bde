"""What a CLIP checkpoint says, in one form for both libraries."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

# Called with uint8 pixels [B, H, W, 3], or with ids [B, L] that end in padding; returns tokens and embedding.
Reference = Callable[[Tensor], tuple[Tensor, Tensor]]


class CheckpointError(Exception):
    """A checkpoint cannot become an encoder bundle; the message says why."""


@dataclasses.dataclass(frozen=True)
class TowerShape:
    """A transformer of CLIP. `activation`: quick_gelu, gelu or gelu_tanh."""

    width: int
    layers: int
    heads: int
    hidden: int
    activation: str
    epsilon: float


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """What is done to pixels. `kernel` as in the manifest; values are (pixel * scale - mean) / deviation."""

    size: int
    kernel: str
    scale: float
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


@dataclasses.dataclass(frozen=True)
class Tokeniser:
    """`definition`: the content of tokenizer.json; `clean`: what the service does before (see the manifest), or None."""

    definition: str
    begin: int
    end: int
    pad: int
    clean: str | None


@dataclasses.dataclass(frozen=True)
class Clip:
    """A checkpoint. `weights` have the names of `towers.py`; the references are the original library itself."""

    source: str
    library: str
    patch: int
    image: TowerShape
    text: TowerShape
    context_length: int
    vocabulary: int
    embedding_width: int
    contrastive_scale: float
    preprocessing: Preprocessing
    tokeniser: Tokeniser
    image_weights: dict[str, Tensor]
    text_weights: dict[str, Tensor]
    image_reference: Reference
    text_reference: Reference


def require(condition: bool, message: str) -> None:
    """Raises CheckpointError unless the condition holds."""
    if not condition:
        raise CheckpointError(message)


def shown(source: str) -> str:
    """How a bundle names its checkpoint: a folder by its last part, because a path of this machine means nothing elsewhere."""
    folder = Path(source)
    return folder.resolve().name if folder.is_dir() else source


def normalised(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """uint8 [B, H, W, 3] → float32 [B, 3, H, W] as the image tower was trained on."""
    mean = torch.tensor(preprocessing.mean)
    deviation = torch.tensor(preprocessing.deviation)
    return ((pixels.float() * preprocessing.scale - mean) / deviation).permute(0, 3, 1, 2)
