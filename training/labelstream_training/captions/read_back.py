"""What the served model makes of a title alone: its CLIP match with the image, and the labels it reads out of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..parity import open_session
from ..tokenise import TOKENIZER_FILE, encode_all, load_tokenizer

BATCH = 256


@dataclasses.dataclass
class Reading:
    """`embedding` float32 [N, E] of the text tower; `labels`: per task the class read out of the text alone, int [N]."""

    embedding: np.ndarray
    labels: list[np.ndarray]


def read_titles(titles: Sequence[str], encoder: Path, fusion: Path, context_length: int, image_width: int) -> Reading:
    """Runs the text tower and the fusion head of two bundles over titles, the image masked."""
    tokenizer = load_tokenizer(encoder / TOKENIZER_FILE)
    text, head = open_session(encoder / "text.onnx"), open_session(fusion / "fusion.onnx")
    names = [item.name for item in head.get_outputs() if item.name.startswith("logits_")]
    ids, lengths = encode_all(tokenizer, titles, context_length)
    embeddings, classes = [], []
    for start in range(0, len(titles), BATCH):
        rows = slice(start, start + BATCH)
        longest = int(lengths[rows].max())
        mask = (np.arange(longest)[None] < lengths[rows, None]).astype(np.int64)
        tokens, embedding = text.run(["tokens", "embedding"], {"input_ids": ids[rows, :longest], "attention_mask": mask})
        absent = {"image_tokens": np.zeros((len(mask), 1, image_width), np.float32), "image_mask": np.zeros((len(mask), 1), np.float32)}
        logits = head.run(names, {**absent, "text_tokens": tokens, "text_mask": mask.astype(np.float32)})
        embeddings.append(embedding)
        classes.append([scores.argmax(axis=1) for scores in logits])
    return Reading(np.concatenate(embeddings), [np.concatenate(column) for column in zip(*classes, strict=True)])
