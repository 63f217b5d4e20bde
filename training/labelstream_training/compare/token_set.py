"""Reads the token cache: listings as token sequences, and how a head is run over them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..catalogue import CatalogueError
from ..heads.common import Outputs
from ..match import Pairs
from .token_cache import META_FILE
from .views import AUGMENTED, PLAIN


@dataclasses.dataclass
class Images:
    """One picture view: `tokens` float16 [N, Ni, width], `embedding` float32 [N, E]."""

    tokens: np.ndarray
    embedding: Tensor


@dataclasses.dataclass
class Texts:
    """One text view: `tokens` float16 [N, L, width], `lengths` int64 [N], `present` float32 [N], `embedding` float32 [N, E]."""

    tokens: np.ndarray
    lengths: Tensor
    present: Tensor
    embedding: Tensor


@dataclasses.dataclass
class TokenSet:
    """All views of the rows of a split. `labels` int64 [N, T], `groups` int64 [N] (equal titles), `has_image` float32 [N], `named` bool
    [N, T]: labels that the title names; `misnaming` bool [N, T]: tasks whose other labels it names, without the words of its own.
    """

    images: dict[str, Images]
    texts: dict[str, Texts]
    has_image: Tensor
    labels: Tensor
    groups: Tensor
    named: np.ndarray
    misnaming: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def train_views(self) -> list[str]:
        """The picture views to train on: augmented ones where there are any."""
        return [view for view in self.images if view.startswith(AUGMENTED)] or [PLAIN]


@dataclasses.dataclass
class TokenBatch:
    """float32: `image` [B, Ni, width], `text` [B, L, width], `text_mask` [B, L], flags [B]."""

    image: Tensor
    has_image: Tensor
    text: Tensor
    text_mask: Tensor
    has_text: Tensor


@dataclasses.dataclass
class Tokens:
    """A token cache: the splits, and what the towers' cosines were multiplied with in their contrastive loss."""

    train: TokenSet
    val: TokenSet
    scale: float
    test: TokenSet | None = None

    @property
    def measured(self) -> TokenSet:
        """The rows that figures are taken from: those that no choice was made on, where there are any."""
        return self.val if self.test is None else self.test


def open_tokens(folder: Path) -> Tokens:
    """Opens what `build_tokens` wrote. Raises CatalogueError where there is nothing."""
    scale = open_meta(folder)["contrastiveScale"]
    test = open_split(folder, "test") if (folder / "test").is_dir() else None
    return Tokens(open_split(folder, "train"), open_split(folder, "val"), scale, test)


def open_meta(folder: Path) -> dict:
    """What `build_tokens` stored about itself. Raises CatalogueError where there is nothing."""
    path = folder / META_FILE
    if not path.is_file():
        raise CatalogueError(f"{folder} holds no tokens: write them first (`tokens`)")
    return json.loads(path.read_text("utf-8"))


def open_split(folder: Path, split: str) -> TokenSet:
    """Opens what `build_tokens` wrote; token sequences stay on disk."""
    root = folder / split

    def small(name: str) -> Tensor:
        return torch.from_numpy(np.load(root / f"{name}.npy"))

    def views(kind: str) -> list[str]:
        names = sorted(path.name.split(".")[1] for path in root.glob(f"{kind}.*.npy") if path.name.count(".") == 2)
        return sorted(names, key=lambda name: name != PLAIN)

    def tokens(name: str) -> np.ndarray:
        return np.load(root / f"{name}.npy", mmap_mode="r")

    images = {view: Images(tokens(f"image.{view}"), small(f"image.{view}.embedding")) for view in views("image")}
    texts = {
        view: Texts(tokens(name), small(f"{name}.lengths"), small(f"{name}.present"), small(f"{name}.embedding"))
        for view in views("text")
        for name in (f"text.{view}",)
    }
    flags = [np.load(root / f"{name}.npy") for name in ("named", "misnaming")]
    return TokenSet(images, texts, small("present"), small("labels"), small("groups"), *flags)


def pairs_of(data: TokenSet) -> Pairs:
    """The CLIP embeddings of the listings as they are."""
    image, text = data.images[PLAIN], data.texts[PLAIN]
    both = data.has_image.numpy() * text.present.numpy() > 0
    return Pairs(image.embedding.numpy(), text.embedding.numpy(), both, data.groups.numpy())


def take_images(view: Images, rows: np.ndarray) -> Tensor:
    """float32 [B, Ni, width]."""
    return torch.from_numpy(view.tokens[rows].astype(np.float32))


def random_pictures(data: TokenSet, rows: np.ndarray) -> Tensor:
    """Train views by lot, float32 [B, Ni, width]. Randomness is PyTorch's own generator."""
    names = data.train_views
    choice = torch.randint(len(names), (len(rows),)).numpy()
    image = torch.empty(len(rows), *data.images[names[0]].tokens.shape[1:])
    for number, name in enumerate(names):
        picked = np.flatnonzero(choice == number)
        image[torch.from_numpy(picked)] = take_images(data.images[name], rows[picked])
    return image


def take_texts(view: Texts, rows: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens [B, L, width] cut to the longest of them, mask [B, L], flags [B]."""
    index = torch.from_numpy(rows)
    lengths = view.lengths[index]
    longest = int(lengths.max())
    mask = (torch.arange(longest)[None] < lengths[:, None]).float()
    return torch.from_numpy(view.tokens[rows, :longest].astype(np.float32)), mask, view.present[index]


def join_views(parts: list[tuple[Tensor, Tensor, Tensor]], choice: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Per row the part that `choice` [B] names; parts are (tokens, mask, flags) of the same rows and any length."""
    longest = max(part[0].shape[1] for part in parts)
    padded = [
        (nn.functional.pad(tokens, (0, 0, 0, longest - tokens.shape[1])), nn.functional.pad(mask, (0, longest - mask.shape[1])), flags)
        for tokens, mask, flags in parts
    ]
    rows = torch.arange(len(choice))
    return tuple(torch.stack(column)[choice, rows] for column in zip(*padded, strict=True))


def run_head(head: nn.Module, batch: TokenBatch, has_image: Tensor, has_text: Tensor) -> Outputs:
    """The head with masks made from flags (float32 [B]).

    Listings without an image are run apart with a single masked image token: what is masked changes nothing and 80 tokens cost much.
    """
    sees, blind = (has_image > 0).nonzero()[:, 0], (has_image <= 0).nonzero()[:, 0]
    text_mask = batch.text_mask * has_text[:, None]  # [B, L]
    parts = []
    for rows, length, flag in ((sees, batch.image.shape[1], 1.0), (blind, 1, 0.0)):
        if len(rows):
            image_mask = torch.full((len(rows), length), flag)
            parts.append(head(batch.image[rows, :length], image_mask, batch.text[rows], text_mask[rows]))
    back = torch.cat([sees, blind]).argsort()
    logits = [torch.cat(scores)[back] for scores in zip(*[part[0] for part in parts], strict=True)]
    return logits, torch.cat([part[1] for part in parts])[back], torch.cat([part[2] for part in parts])[back]
