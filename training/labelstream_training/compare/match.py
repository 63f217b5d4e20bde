"""Do image and text belong together? The cosine of the towers' CLIP embeddings, measured on shuffled pairs."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from .token_set import TokenSet
from .views import PLAIN

FALSE_ALARMS = 0.02


@dataclasses.dataclass
class Match:
    """Area under the ROC curve, share of shuffled pairs `found` at `false_alarms` of the genuine ones, `threshold` on the cosine.

    `flagged` bool [N]: which of the shuffled pairs lie below the threshold.
    """

    auroc: float
    found: float
    false_alarms: float
    threshold: float
    flagged: Tensor

    def figures(self) -> dict[str, float]:
        """For the results."""
        names = {"auroc": self.auroc, "found": self.found, "falseAlarms": self.false_alarms, "threshold": self.threshold}
        return {name: round(value, 4) for name, value in names.items()}


def auroc(higher: np.ndarray, lower: np.ndarray) -> float:
    """Chance that a value of `higher` lies above one of `lower`; ties count half."""
    ranked = np.sort(lower)
    below, up_to = np.searchsorted(ranked, higher, side="left"), np.searchsorted(ranked, higher, side="right")
    return float(((below + up_to) / 2).mean() / len(lower))


def measure_match(data: TokenSet, other: np.ndarray) -> Match:
    """The threshold is taken from the even rows, all figures from the odd ones; rows that lack a modality take no part."""
    image, text = data.images[PLAIN].embedding, data.texts[PLAIN].embedding
    partner = torch.from_numpy(other)
    genuine, shuffled = (image * text).sum(dim=1).numpy(), (image * text[partner]).sum(dim=1).numpy()
    present = data.has_image.numpy() * data.texts[PLAIN].present.numpy() > 0
    rows = present & present[other]
    even, odd = rows & (np.arange(len(rows)) % 2 == 0), rows & (np.arange(len(rows)) % 2 == 1)
    threshold = float(np.quantile(genuine[even], FALSE_ALARMS))
    return Match(
        auroc=auroc(genuine[odd], shuffled[odd]),
        found=float((shuffled[odd] < threshold).mean()),
        false_alarms=float((genuine[odd] < threshold).mean()),
        threshold=threshold,
        flagged=torch.from_numpy((shuffled < threshold) & rows),
    )
