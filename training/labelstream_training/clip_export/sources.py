"""Finds out which library a checkpoint belongs to, and reads it with that."""

from __future__ import annotations

import importlib
from pathlib import Path

from .checkpoint import CheckpointError, Clip

LIBRARIES = ("transformers", "open_clip")
CONFIGS = {"open_clip_config.json": "open_clip", "config.json": "transformers"}


def read_checkpoint(source: str, library: str | None, pretrained: str | None) -> Clip:
    """A folder says itself what it is; a name belongs to `library`, by default transformers. Raises CheckpointError."""
    chosen = library or library_of(source, pretrained)
    module = {"transformers": "hugging_face", "open_clip": "open_clip_source"}[chosen]
    try:
        reader = importlib.import_module(f".{module}", __package__)
    except ImportError as error:
        raise CheckpointError(f'{error.name} is not installed: pip install "labelstream-training[clip]"') from error
    return reader.read_open_clip(source, pretrained) if chosen == "open_clip" else reader.read_hugging_face(source)


def library_of(source: str, pretrained: str | None) -> str:
    """By the configuration in a folder."""
    folder = Path(source)
    if not folder.is_dir():
        return "open_clip" if pretrained else "transformers"
    for file, library in CONFIGS.items():
        if (folder / file).is_file():
            return library
    raise CheckpointError(f"{source}: there is neither a config.json (transformers) nor an open_clip_config.json (open_clip)")
