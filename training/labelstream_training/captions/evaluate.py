"""All figures of a trained decoder on the validation rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from ..catalogue import Listing
from ..compare.token_set import take_images
from ..compare.views import PLAIN
from ..tokenise import BEGIN_ID, END_ID
from .calibrate import fit_temperature, least_confidence, token_confidence
from .decoder import CaptionDecoder, generate
from .measure import bleu, share_exact, share_first_word, share_naming
from .read_back import Reading
from .trainer import EVALUATION_BATCH, CaptionData
from .vocabulary import Vocabulary

NAMED_TASKS = ("articleType", "baseColour", "gender")
# Of the titles that are proposed, the share whose article type is right as the default model reads it.
TARGET_PRECISION = 0.85
ReadTitles = Callable[[Sequence[str]], Reading]


@dataclasses.dataclass
class Proposals:
    """Greedy titles of all rows, how sure the decoder was of each, float32 [N], and how many tokens they have."""

    titles: list[str]
    confidences: np.ndarray
    # Of a title, its END included.
    mean_tokens: float


@torch.no_grad()
def propose(decoder: CaptionDecoder, data: CaptionData, vocabulary: Vocabulary, temperature: float) -> Proposals:
    """A title for each row, from its image alone."""
    titles, confidences, counts = [], [], []
    for start in range(0, len(data.tokens), EVALUATION_BATCH):
        rows = np.arange(start, min(start + EVALUATION_BATCH, len(data.tokens)))
        ids, logits = generate(decoder, take_images(data.tokens.images[PLAIN], rows), BEGIN_ID, decoder.config.longest - 1)
        ends = [first_end(row) for row in ids]
        counts += [min(end + 1, ids.shape[1]) for end in ends]
        titles += [vocabulary.title(row[:end].tolist()) for row, end in zip(ids, ends, strict=True)]
        confidences.append(token_confidence(ids, logits, temperature).numpy())
    return Proposals(titles, np.concatenate(confidences), sum(counts) / max(1, len(counts)))


def first_end(ids: Tensor) -> int:
    """Place of the first END, or the length where there is none."""
    places = (ids == END_ID).nonzero()
    return int(places[0]) if len(places) else len(ids)


def figures_of(
    titles: Sequence[str], reading: Reading, image: np.ndarray, listings: Sequence[Listing], tasks: dict[str, int], truth: np.ndarray
) -> dict:
    """What can be said of proposed titles and of the sellers' alike: labels named, labels read back, CLIP match."""
    named = {task: share_naming(titles, [item.labels.get(task, "") for item in listings]) for task in NAMED_TASKS}
    read = {task: share_right(reading.labels[tasks[task]], truth[:, tasks[task]]) for task in NAMED_TASKS}
    return {"named": named, "readBack": read, "clipMatch": float((reading.embedding * image).sum(axis=1).mean())}


def share_right(found: np.ndarray, truth: np.ndarray) -> float:
    """Share of the labelled rows that are right."""
    return float((found == truth)[truth != -1].mean())


def evaluate_captions(
    decoder: CaptionDecoder,
    data: CaptionData,
    vocabulary: Vocabulary,
    listings: Sequence[Listing],
    tasks: dict[str, int],
    read: ReadTitles,
) -> tuple[dict, Proposals]:
    """Figures for the manifest, rounded, and the titles they are of."""
    calibration = fit_temperature(decoder, data)
    proposals = propose(decoder, data, vocabulary, calibration["temperature"])
    truths = [item.text for item in listings]
    truth, image = data.tokens.labels.numpy(), data.tokens.images[PLAIN].embedding.numpy()
    read_proposals, read_truths = read(proposals.titles), read(truths)
    kind = tasks["articleType"]
    right = read_proposals.labels[kind] == truth[:, kind]
    least = least_confidence(proposals.confidences, right, TARGET_PRECISION)
    kept = proposals.confidences >= least
    figures = {
        "rows": len(listings),
        "tokenCrossEntropy": calibration["crossEntropy"],
        "perplexity": math.exp(calibration["crossEntropy"]),
        "temperature": calibration["temperature"],
        "calibratedCrossEntropy": calibration["calibratedCrossEntropy"],
        "exact": share_exact(proposals.titles, truths),
        "firstWord": share_first_word(proposals.titles, truths),
        "bleu4": bleu(proposals.titles, truths),
        "meanTokens": proposals.mean_tokens,
        "distinctTitles": len(set(proposals.titles)),
        "clipMatchAtLeastSellers": float(
            ((read_proposals.embedding * image).sum(axis=1) >= (read_truths.embedding * image).sum(axis=1)).mean()
        ),
        "proposed": figures_of(proposals.titles, read_proposals, image, listings, tasks, truth),
        "sellers": figures_of(truths, read_truths, image, listings, tasks, truth),
        "minimumConfidence": least,
        "proposedShare": float(kept.mean()),
        "articleTypeOfProposed": float(right[kept].mean()) if kept.any() else 0.0,
    }
    return rounded(figures), proposals


def rounded(value: object) -> object:
    """Floats of a nested object with four decimals."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return round(value, 4) if isinstance(value, float) else value
