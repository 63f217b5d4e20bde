"""Everything that decides a run, as plain data that is stored with each checkpoint."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from .catalogue import CatalogueError


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Shapes of the towers and the head. Sizes are in pixels, widths in features."""

    image_width: int = 60
    image_height: int = 80
    # White, the background of catalogue pictures and of padding, becomes exactly 0: convolution padding looks white.
    mean: tuple[float, float, float] = (1.0, 1.0, 1.0)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    stem_channels: tuple[int, int, int] = (32, 64, 128)
    stem_blocks: tuple[int, int] = (2, 3)
    width: int = 192
    heads: int = 6
    mlp_ratio: float = 4.0
    image_blocks: int = 2
    vocabulary: int = 8192
    word_width: int = 96
    pair_rows: int = 32768
    context_length: int = 32
    text_blocks: int = 2
    fusion_blocks: int = 2
    fusion_mlp_ratio: float = 2.0
    embedding_width: int = 128


@dataclasses.dataclass(frozen=True)
class Phase:
    """A stretch of training at one picture size. `joint` switches the fusion head on."""

    epochs: int
    image_width: int
    image_height: int
    joint: bool


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Optimisation settings; the schedule is a function of the step alone, so a run can be resumed anywhere."""

    phases: tuple[Phase, ...] = (Phase(5, 48, 64, False), Phase(4, 60, 80, False), Phase(6, 60, 80, True))
    seed: int = 7
    batch_size: int = 256
    shards: int = 2
    matrix_rate: float = 0.02
    rate: float = 1e-3
    # The fusion head starts late; it may learn faster than the towers under it.
    fusion_gain: float = 1.0
    warmup_steps: int = 200
    schedule_start: float = 0.0
    matrix_decay: float = 0.05
    decay: float = 0.05
    clip_norm: float = 2.0
    ema_decay: float = 0.998
    label_smoothing: float = 0.05
    contrastive_weight: float = 0.5
    fused_contrastive_weight: float = 0.25
    image_only_share: float = 0.35
    text_only_share: float = 0.20
    # Leaves the image tower as it is: a step then costs half, for text and head to catch up.
    freeze_image: bool = False
    # Titles without pictures that join each listing of a joint batch: a few percent of a picture's cost each.
    extra_texts: int = 0
    token_dropout: float = 0.1
    text_auxiliary_weight: float = 0.5


def config_to_dict(config: ModelConfig | TrainConfig) -> dict:
    """JSON-ready copy of a configuration."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def model_config_from_dict(raw: dict) -> ModelConfig:
    """Inverse of `config_to_dict` for the model."""
    return ModelConfig(**{key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()})


def train_config_from_dict(raw: dict) -> TrainConfig:
    """Inverse of `config_to_dict` for training; unnamed fields keep their defaults."""
    fields = dict(raw)
    if "phases" in fields:
        fields["phases"] = tuple(Phase(**phase) for phase in fields["phases"])
    return TrainConfig(**fields)


def read_configs(path: Path | None) -> tuple[ModelConfig, TrainConfig]:
    """Reads `{"model": {...}, "train": {...}}`; both parts and all fields are optional."""
    raw = json.loads(path.read_text("utf-8")) if path else {}
    return model_config_from_dict(raw.get("model", {})), train_config_from_dict(raw.get("train", {}))


def read_fields(path: Path | None, kind: type) -> dict:
    """A JSON object of fields of the dataclass `kind`; none without a file. Raises CatalogueError for unknown ones."""
    fields = json.loads(path.read_text("utf-8")) if path else {}
    known = [field.name for field in dataclasses.fields(kind)]
    unknown = [name for name in fields if name not in known]
    if unknown:
        raise CatalogueError(f"{path} has unknown settings: {', '.join(unknown)}; known are {', '.join(known)}")
    return fields
