"""Token sequences of frozen towers, written once as float16 memory maps, so that every head trains on the very same numbers.

A view of 35,000 pictures of 81 × 192 takes 1.1 GB. Each file is written under another name first, so a build can be repeated after a stop.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from ..bundle import write_json
from ..catalogue import CatalogueError, Listing, label_indices, named_labels
from ..checkpoint import restore_system
from ..config import model_config_from_dict
from ..dataset import text_group
from ..pixels import PixelStore, open_pixels
from ..system import LabelSystem
from ..tokenise import encode_all
from .titles import label_stems, names_label, stem, without_label_words
from .views import TRAIN_TEXTS, VAL_PICTURES, VAL_TEXTS, picture_view, text_view, train_pictures

META_FILE = "meta.json"
BATCH = 128
# Start row and end row → tokens [b, N, width] and CLIP embedding [b, E].
Encode = Callable[[int, int], tuple[Tensor, Tensor]]


class TokenWriter:
    """Runs the towers over the rows of one split and writes what they return."""

    def __init__(self, system: LabelSystem, folder: Path, report: Callable[[str], None]) -> None:
        self.system, self.folder, self.report = system, folder, report
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, name: str, values: np.ndarray) -> None:
        """A small array."""
        np.save(self.folder / f"{name}.npy", values)

    @torch.no_grad()
    def write(self, name: str, shape: tuple[int, int, int], encode: Encode) -> None:
        """`shape`: rows, tokens, width. Leaves alone what is there already."""
        path = self.folder / f"{name}.npy"
        if path.is_file():
            return
        partial = path.with_suffix(".partial")
        tokens = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float16, shape=shape)
        embeddings = []
        for start in range(0, shape[0], BATCH):
            end = min(start + BATCH, shape[0])
            found, embedding = encode(start, end)
            tokens[start:end, : found.shape[1]] = found.numpy()
            embeddings.append(embedding.numpy())
        tokens.flush()
        self.save(f"{name}.embedding", np.concatenate(embeddings).astype(np.float32))
        os.replace(partial, path)
        self.report(f"{self.folder.name}/{name}")

    def write_pictures(self, store: PixelStore, view: str) -> None:
        """Token sequences of one picture view."""
        tower = self.system.image

        def encode(start: int, end: int) -> tuple[Tensor, Tensor]:
            pictures = picture_view(tower.normalise(torch.from_numpy(np.array(store.pixels[start:end]))), view, start)
            tokens = tower.tokens_of(pictures)
            return tokens, tower.embed(tokens)

        self.write(f"image.{view}", (len(store.present), tower.token_count, tower.position.shape[1]), encode)

    def write_texts(self, texts: Sequence[str], tokenizer: Tokenizer, view: str) -> None:
        """Token sequences of one text view, with their lengths and which of them are there at all."""
        tower = self.system.text
        ids, lengths = encode_all(tokenizer, texts, tower.position.shape[1])
        longest = int(lengths.max())

        def encode(start: int, end: int) -> tuple[Tensor, Tensor]:
            mask = torch.from_numpy(np.arange(longest)[None] < lengths[start:end, None]).long()
            return tower(torch.from_numpy(ids[start:end, :longest]), mask)

        self.save(f"text.{view}.lengths", lengths)
        self.save(f"text.{view}.ids", ids[:, :longest])
        self.save(f"text.{view}.present", np.array([bool(text) for text in texts], dtype=np.float32))
        self.write(f"text.{view}", (len(texts), longest, tower.position.shape[2]), encode)


def named_labels_of(listings: Sequence[Listing], tasks: Sequence[str]) -> np.ndarray:
    """Which labels of a listing its title names, bool [N, T]."""
    return np.array([[names_label(item.text, item.labels.get(task, "")) for task in tasks] for item in listings]).reshape(-1, len(tasks))


def misnaming_titles(listings: Sequence[Listing], labels: dict[str, Sequence[str]]) -> np.ndarray:
    """Tasks of which a title, without the words of its own labels, still names another label ("black sole"): bool [N, T]."""
    stems = [label_stems(names) for names in labels.values()]
    left = [{stem(word) for word in without_label_words(item.text, named_labels(item)).split()} for item in listings]
    return np.array([[bool(words & of_task) for of_task in stems] for words in left]).reshape(-1, len(labels))


def write_meta(folder: Path, meta: dict) -> None:
    """Says whose tokens these are. Raises CatalogueError where the folder holds those of another checkpoint or other rows."""
    path = folder / META_FILE
    if path.is_file() and json.loads(path.read_text("utf-8")) != meta:
        raise CatalogueError(f"{folder} holds the tokens of another checkpoint or of other rows; choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, meta)


def rows_key(listings: Sequence[Listing]) -> str:
    """What tells one list of listings from another."""
    lines = "\n".join(f"{item.split} {item.id} {item.text} {tuple(item.labels.values())}" for item in listings)
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def build_tokens(
    checkpoint: Path,
    tokenizer: Tokenizer,
    listings: Sequence[Listing],
    pixel_cache: Path,
    folder: Path,
    augmented: int = 2,
    report: Callable[[str], None] = print,
) -> None:
    """Writes all views of the train and validation rows, and of test rows where there are any, under `folder`.

    Raises CatalogueError, see `write_meta`.
    """
    system, loaded = restore_system(checkpoint)
    config = model_config_from_dict(loaded.settings["model"])
    meta = {
        "checkpoint": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        "rows": rows_key(listings),
        "contrastiveScale": system.logit_scale.exp().item(),
        **{key: loaded.settings[key] for key in ("model", "labels", "data")},
    }
    write_meta(folder, meta)
    views = {"val": (VAL_PICTURES, VAL_TEXTS), "test": (VAL_PICTURES, VAL_TEXTS), "train": (train_pictures(augmented), TRAIN_TEXTS)}
    for split, (pictures, texts) in views.items():
        rows = [item for item in listings if item.split == split]
        if split == "test" and not rows:
            continue
        writer = TokenWriter(system, folder / split, report)
        store = open_pixels(rows, config.image_width, config.image_height, pixel_cache)
        writer.save("labels", np.array([label_indices(item, loaded.settings["labels"]) for item in rows]))
        writer.save("named", named_labels_of(rows, list(loaded.settings["labels"])))
        writer.save("misnaming", misnaming_titles(rows, loaded.settings["labels"]))
        writer.save("groups", np.array([text_group(item.text) for item in rows]))
        writer.save("present", store.present.astype(np.float32))
        for view in texts:
            writer.write_texts([text_view(item, view, row) for row, item in enumerate(rows)], tokenizer, view)
        for view in pictures:
            writer.write_pictures(store, view)
