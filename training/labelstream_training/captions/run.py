"""A caption run's folder: what is stored of it, and the data it reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from ..catalogue import CatalogueError, Listing
from ..compare.token_cache import rows_key
from ..compare.token_set import open_meta, open_split
from ..compare.views import PLAIN
from ..half import round_to_half
from .decoder import CaptionDecoder
from .settings import CaptionConfig
from .trainer import CaptionData, Titles
from .vocabulary import Vocabulary

BEST = "best.pt"


def open_data(folder: Path, split: str, vocabulary: Vocabulary, tokenizer: Tokenizer, longest: int) -> CaptionData:
    """One split of a token cache, its titles in the decoder's ids."""
    ids = np.load(folder / split / f"text.{PLAIN}.ids.npy")[:, :longest]
    lengths = np.minimum(np.load(folder / split / f"text.{PLAIN}.lengths.npy"), longest)
    titles = Titles(torch.from_numpy(vocabulary.encode(ids, tokenizer.get_vocab_size())), torch.from_numpy(lengths))
    return CaptionData(open_split(folder, split), titles)


def rows_of(folder: Path, listings: Sequence[Listing], split: str) -> list[Listing]:
    """The listings of a split, in the order of the cache. Raises CatalogueError where the cache holds other rows."""
    if open_meta(folder)["rows"] != rows_key(listings):
        raise CatalogueError(f"{folder} holds the tokens of other rows than the data folders")
    return [item for item in listings if item.split == split]


def save_best(path: Path, weights: dict, config: CaptionConfig, vocabulary: Vocabulary, image_width: int) -> None:
    """What `load_best` reads."""
    state = {
        "weights": weights,
        "config": dataclasses.asdict(config),
        "tokens": list(vocabulary.tokens),
        "pieces": list(vocabulary.pieces),
        "imageWidth": image_width,
    }
    torch.save(state, path)


def load_best(path: Path) -> tuple[CaptionDecoder, Vocabulary]:
    """The trained decoder in evaluation mode, matrices rounded to float16 as the bundle stores them. Raises CatalogueError."""
    if not path.is_file():
        raise CatalogueError(f"{path} does not exist: train first (`captions train`)")
    state = torch.load(path, map_location="cpu", weights_only=True)
    vocabulary = Vocabulary(tuple(state["tokens"]), tuple(state["pieces"]))
    decoder = CaptionDecoder(CaptionConfig(**state["config"]), state["imageWidth"], len(vocabulary))
    decoder.load_state_dict(state["weights"])
    round_to_half(decoder)
    return decoder.eval().requires_grad_(False), vocabulary
