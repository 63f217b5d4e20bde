"""How sure the decoder may be: a temperature for its tokens, and the confidence below which no title is proposed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..compare.token_set import take_images
from ..compare.views import PLAIN
from ..tokenise import END_ID
from .decoder import CaptionDecoder, silenced
from .trainer import EVALUATION_BATCH, CaptionData, asked

TEMPERATURES = np.round(np.arange(0.7, 1.61, 0.05), 2)


@torch.no_grad()
def fit_temperature(decoder: CaptionDecoder, data: CaptionData) -> dict[str, float]:
    """The temperature with the least cross entropy of the sellers' next tokens, with it and without it; only known tokens count."""
    totals, count = np.zeros(len(TEMPERATURES)), 0
    for start in range(0, len(data.tokens), EVALUATION_BATCH):
        rows = np.arange(start, min(start + EVALUATION_BATCH, len(data.tokens)))
        ids, lengths = data.titles.take(torch.from_numpy(rows))
        spoken, _, _ = decoder(take_images(data.tokens.images[PLAIN], rows), None, ids, lengths)
        known = asked(ids)
        logits, truth = silenced(decoder.logits(spoken[:, :-1][known])), ids[:, 1:][known]
        totals += [float(F.cross_entropy(logits / value, truth, reduction="sum")) for value in TEMPERATURES]
        count += len(truth)
    best = int(totals.argmin())
    plain = float(totals[list(TEMPERATURES).index(1.0)]) / count
    return {"temperature": float(TEMPERATURES[best]), "crossEntropy": plain, "calibratedCrossEntropy": float(totals[best]) / count}


def token_confidence(ids: Tensor, logits: Tensor, temperature: float) -> Tensor:
    """Mean probability of a title's tokens, its END included: ids [B, L], logits [B, L, V] → [B]."""
    chosen = torch.softmax(logits / temperature, dim=-1).gather(2, ids[:, :, None])[:, :, 0]  # [B, L]
    ended_before = (ids == END_ID).cumsum(dim=1) - (ids == END_ID).long() > 0  # [B, L]
    said = (~ended_before).float()
    return (chosen * said).sum(dim=1) / said.sum(dim=1)


def least_confidence(confidences: np.ndarray, right: np.ndarray, precision: float) -> float:
    """The least confidence from which on `precision` of the titles are right; 1 where that is never reached."""
    order = np.argsort(-confidences, kind="stable")
    precisions = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero(precisions >= precision)
    return float(confidences[order[reached[-1]]]) if len(reached) else 1.0
