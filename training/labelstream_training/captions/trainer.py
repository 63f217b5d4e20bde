"""Trains the captioning decoder over frozen image tokens; a run that was stopped goes on from its last checkpoint."""

from __future__ import annotations

import copy
import dataclasses
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..compare.token_set import TokenSet, take_images
from ..compare.trainer import Course, HeadTrainer, Report, keep_best, make_optimisers, run_course, update
from ..compare.views import PLAIN
from ..losses import contrastive_loss
from ..tokenise import PAD_ID
from .decoder import CaptionDecoder
from .settings import CaptionConfig
from .vocabulary import UNKNOWN_ID

EVALUATION_BATCH = 256


@dataclasses.dataclass
class Titles:
    """The decoder's ids [N, L] of all titles of a split, BEGIN to END, cut to what is learned from, and their lengths [N]."""

    ids: Tensor
    lengths: Tensor

    def take(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """ids [B, L'] cut to the longest of them, lengths [B]."""
        lengths = self.lengths[rows]
        return self.ids[rows, : int(lengths.max())], lengths


@dataclasses.dataclass
class CaptionData:
    """One split: image tokens with their views, and the titles."""

    tokens: TokenSet
    titles: Titles


def is_inner_matrix(name: str, weight: Tensor) -> bool:
    """Weights for Muon: all matrices but the words and the two projections."""
    return weight.ndim == 2 and name.endswith(".weight") and not name.startswith(("embedding.", "image_projection.", "text_projection."))


def asked(ids: Tensor) -> Tensor:
    """bool [B, L - 1]: which next tokens of titles int64 [B, L] count; padding and unknown words do not."""
    return (ids[:, 1:] != PAD_ID) & (ids[:, 1:] != UNKNOWN_ID)


def caption_loss(decoder: CaptionDecoder, spoken: Tensor, ids: Tensor) -> Tensor:
    """Mean cross entropy of each next token: `spoken` [B, L, width] of titles int64 [B, L]."""
    known = asked(ids)
    return F.cross_entropy(decoder.logits(spoken[:, :-1][known]), ids[:, 1:][known])


def train_step(trainer: HeadTrainer, data: CaptionData, rows: np.ndarray, config: CaptionConfig) -> tuple[float, float]:
    """One update; PyTorch's generator has been seeded for this step. Returns both losses."""
    views = data.tokens.train_views
    view = views[int(torch.randint(len(views), ()))]
    tokens = take_images(data.tokens.images[view], rows)  # [B, N, width]
    hidden = torch.rand(tokens.shape[:2]) < config.token_dropout
    index = torch.from_numpy(rows)
    ids, lengths = data.titles.take(index)
    spoken, image, text = trainer.head(tokens, hidden, ids, lengths)
    caption = caption_loss(trainer.head, spoken, ids)
    contrast = contrastive_loss(image, text, trainer.head.scale(), data.tokens.groups[index], data.tokens.has_image[index])
    update(trainer, config.caption_weight * caption + config.contrastive_weight * contrast, config)
    return float(caption.detach()), float(contrast.detach())


@torch.no_grad()
def token_cross_entropy(decoder: CaptionDecoder, data: CaptionData, rows: np.ndarray) -> float:
    """Mean over the known tokens of the titles, END included, in nats."""
    total, count = 0.0, 0
    for start in range(0, len(rows), EVALUATION_BATCH):
        some = rows[start : start + EVALUATION_BATCH]
        ids, lengths = data.titles.take(torch.from_numpy(some))
        spoken, _, _ = decoder(take_images(data.tokens.images[PLAIN], some), None, ids, lengths)
        known = int(asked(ids).sum())
        total += float(caption_loss(decoder, spoken, ids)) * known
        count += known
    return total / count


def check(trainer: HeadTrainer, val: CaptionData, config: CaptionConfig) -> dict:
    """Looks at some validation rows and keeps the weights if they are the best so far."""
    rows = np.linspace(0, len(val.tokens) - 1, min(config.check_rows, len(val.tokens))).astype(np.int64)
    loss = token_cross_entropy(trainer.average.eval(), val, rows)
    found = {"step": trainer.step, "crossEntropy": round(loss, 4), "perplexity": round(math.exp(loss), 3), "score": math.exp(-loss)}
    return keep_best(trainer, found)


def train_captions(
    decoder: CaptionDecoder, train: CaptionData, val: CaptionData, config: CaptionConfig, run: Path, report: Report
) -> HeadTrainer:
    """Trains the decoder with both losses, see `run_course`."""
    average = copy.deepcopy(decoder).eval().requires_grad_(False)
    trainer = HeadTrainer(decoder.train(), average, make_optimisers(decoder, config, is_inner_matrix))
    course = Course(
        rows=len(train.tokens),
        step=lambda rows: train_step(trainer, train, rows, config),
        look=lambda: check(trainer, val, config),
        describe=lambda losses: dict(zip(("caption", "contrastive"), losses.mean(axis=0).round(4).tolist(), strict=True)),
    )
    return run_course(trainer, course, config, config.seed, run, report)
