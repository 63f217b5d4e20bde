"""What decides a caption run, as plain data that is stored with its weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ..config import read_fields


@dataclasses.dataclass(frozen=True)
class CaptionConfig:
    """Shapes and optimisation. Widths in features; `width` may differ from that of the image tokens."""

    width: int = 160
    heads: int = 5
    mlp_ratio: float = 2.0
    # Layers that see only the text, then layers that also attend to the image.
    text_blocks: int = 2
    image_blocks: int = 2
    # Learned queries of the attentional pooler for captioning; the contrastive pooler has one.
    queries: int = 24
    embedding_width: int = 128
    # Tokens of a title that are learned from, special ones included.
    longest: int = 16
    # A token that fewer train titles have cannot be learned and is never said.
    least_count: int = 5
    seed: int = 7
    steps: int = 1200
    batch_size: int = 256
    matrix_rate: float = 0.02
    rate: float = 3e-3
    warmup_steps: int = 60
    matrix_decay: float = 0.05
    decay: float = 0.05
    clip_norm: float = 2.0
    ema_decay: float = 0.995
    # The paper's weights of the two losses.
    contrastive_weight: float = 1.0
    caption_weight: float = 2.0
    # Share of image tokens left out while training.
    token_dropout: float = 0.1
    checks: int = 10
    check_rows: int = 1024


def read_caption_config(path: Path | None) -> CaptionConfig:
    """Reads a JSON object of fields; unnamed ones keep their defaults. Raises CatalogueError, see `read_fields`."""
    return CaptionConfig(**read_fields(path, CaptionConfig))
