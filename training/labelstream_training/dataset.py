"""Listings as tensors, and batches as a pure function of (seed, step)."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from .catalogue import Listing, label_indices
from .config import ModelConfig
from .pixels import open_pixels
from .tokenise import encode_all


@dataclasses.dataclass
class Dataset:
    """Column-wise listings. `pixels` uint8 [N, H, W, 3], `ids` int64 [N, L], `labels` int64 [N, T]; flags are float32."""

    pixels: np.ndarray
    has_image: Tensor
    ids: Tensor
    lengths: Tensor
    has_text: Tensor
    text_group: Tensor
    labels: Tensor
    # Names of the columns of `labels`.
    tasks: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


@dataclasses.dataclass
class Batch:
    """A slice of a dataset. `pixels` uint8 [B, H, W, 3], `ids` and `mask` int64 [B, L'], `labels` int64 [B, T]."""

    pixels: Tensor
    has_image: Tensor
    ids: Tensor
    mask: Tensor
    has_text: Tensor
    text_group: Tensor
    labels: Tensor


def text_group(text: str) -> int:
    """A number that is equal for equal titles: such pairs are no negatives for each other."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


def build_dataset(
    listings: Sequence[Listing],
    vocabulary: dict[str, list[str]],
    tokenizer: Tokenizer,
    config: ModelConfig,
    cache: Path,
) -> Dataset:
    """Decodes, tokenises and labels `listings`."""
    store = open_pixels(listings, config.image_width, config.image_height, cache)
    ids, lengths = encode_all(tokenizer, [item.text for item in listings], config.context_length)
    return Dataset(
        pixels=store.pixels,
        has_image=torch.from_numpy(store.present.astype(np.float32)),
        ids=torch.from_numpy(ids),
        lengths=torch.from_numpy(lengths),
        has_text=torch.tensor([float(bool(item.text)) for item in listings]),
        text_group=torch.tensor([text_group(item.text) for item in listings]),
        labels=torch.tensor([label_indices(item, vocabulary) for item in listings]),
        tasks=tuple(vocabulary),
    )


def take(data: Dataset, rows: np.ndarray, with_pixels: bool = True) -> Batch:
    """The listings at `rows`, their text cut to the longest of them; without pixels, `pixels` is [B, 0]."""
    index = torch.from_numpy(rows)
    lengths = data.lengths[index]
    longest = int(lengths.max())
    return Batch(
        pixels=torch.from_numpy(data.pixels[rows]) if with_pixels else torch.empty(len(rows), 0, dtype=torch.uint8),
        has_image=data.has_image[index],
        ids=data.ids[index, :longest],
        mask=(torch.arange(longest)[None] < lengths[:, None]).long(),
        has_text=data.has_text[index],
        text_group=data.text_group[index],
        labels=data.labels[index],
    )


class BatchOrder:
    """Which rows make up which training step: one seeded permutation per epoch, so a resumed run sees the same data."""

    def __init__(self, rows: int, batch_size: int, seed: int) -> None:
        self.rows, self.batch_size, self.seed = rows, min(batch_size, rows), seed
        self.steps_per_epoch = rows // self.batch_size
        self.epoch = -1
        self.permutation = np.empty(0, dtype=np.int64)

    def rows_of(self, step: int) -> np.ndarray:
        """Row numbers of a step, sorted for the sake of the memory map."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self.epoch:
            self.epoch = epoch
            self.permutation = np.random.default_rng([self.seed, epoch]).permutation(self.rows)
        first = place * self.batch_size
        return np.sort(self.permutation[first : first + self.batch_size])
