"""What decides a comparison, as plain data that is stored with every result."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ..config import read_fields


@dataclasses.dataclass(frozen=True)
class CompareConfig:
    """The same budget and optimiser for every head."""

    steps: int = 300
    batch_size: int = 128
    matrix_rate: float = 0.02
    rate: float = 3e-3
    warmup_steps: int = 30
    matrix_decay: float = 0.05
    decay: float = 0.05
    clip_norm: float = 2.0
    ema_decay: float = 0.99
    label_smoothing: float = 0.05
    fused_contrastive_weight: float = 0.25
    # Together the protocol of 70 % mixed missing (Missing-aware prompts, CVPR 2023), drawn anew in every step.
    image_only_share: float = 0.35
    text_only_share: float = 0.35
    # Weight of the loss a head brings along (one-stream: hidden tokens).
    own_loss_weight: float = 0.5
    # Looks at the validation rows, evenly over the steps; the best look is kept.
    checks: int = 4
    check_rows: int = 1024
    # Share of the titles without the words that name their labels, and without others (`FEW_WORDS`).
    label_words_share: float = 0.25


def read_compare_config(path: Path | None) -> CompareConfig:
    """Reads a JSON object of fields; unnamed ones keep their defaults. Raises CatalogueError, see `read_fields`."""
    return CompareConfig(**read_fields(path, CompareConfig))
