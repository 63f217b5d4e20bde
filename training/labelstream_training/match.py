"""Do image and text belong together? The cosine of the towers' CLIP embeddings, measured on shuffled pairs."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

# Genuine listings lose their text, which helps them, when they are flagged: a service is to lose few of them.
SERVED_FALSE_ALARMS = 0.005
# What figures are compared at.
COMPARED_FALSE_ALARMS = 0.02
SEED = 20


@dataclasses.dataclass
class Pairs:
    """CLIP embeddings of length 1, float32 [N, E] each.

    `both` bool [N]: rows that have an image and a text; `groups` int64 [N]: equal for equal titles.
    """

    image: np.ndarray
    text: np.ndarray
    both: np.ndarray
    groups: np.ndarray


@dataclasses.dataclass
class Match:
    """Area under the ROC curve, share of shuffled pairs `found` at `false_alarms` of the genuine ones, `threshold` on the cosine.

    `flagged` bool [N]: which of the shuffled pairs lie below the threshold.
    """

    auroc: float
    found: float
    false_alarms: float
    threshold: float
    flagged: np.ndarray

    def figures(self) -> dict[str, float]:
        """For the results."""
        names = {"auroc": self.auroc, "found": self.found, "falseAlarms": self.false_alarms, "threshold": self.threshold}
        return {name: round(value, 4) for name, value in names.items()}


def auroc(higher: np.ndarray, lower: np.ndarray) -> float:
    """Chance that a value of `higher` lies above one of `lower`; ties count half."""
    ranked = np.sort(lower)
    below, up_to = np.searchsorted(ranked, higher, side="left"), np.searchsorted(ranked, higher, side="right")
    return float(((below + up_to) / 2).mean() / len(lower))


def other_rows(groups: np.ndarray, seed: int = SEED) -> np.ndarray:
    """For each row another row with another title, each used once where that can be had: int64 [N]; `groups` as in `Pairs`."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(groups))
    partner = np.empty(len(groups), dtype=np.int64)
    partner[order] = np.roll(order, 1)
    for row in np.flatnonzero(groups[partner] == groups):
        others = np.flatnonzero(groups != groups[row])
        if len(others):
            partner[row] = random.choice(others)
    return partner


def measure_pairs(pairs: Pairs, other: np.ndarray, false_alarms: float) -> Match:
    """Row i shows its image with the text of row `other[i]` (int64 [N]) in turn.

    The threshold is taken from the even rows, so that `false_alarms` of their genuine pairs lie below it, all figures from the odd ones;
    rows that lack a modality take no part.
    """
    genuine, shuffled = (pairs.image * pairs.text).sum(axis=1), (pairs.image * pairs.text[other]).sum(axis=1)
    rows = pairs.both & pairs.both[other]
    even, odd = rows & (np.arange(len(rows)) % 2 == 0), rows & (np.arange(len(rows)) % 2 == 1)
    threshold = float(np.quantile(genuine[even], false_alarms))
    return Match(
        auroc=auroc(genuine[odd], shuffled[odd]),
        found=float((shuffled[odd] < threshold).mean()),
        false_alarms=float((genuine[odd] < threshold).mean()),
        threshold=threshold,
        flagged=(shuffled < threshold) & rows,
    )


def match_spec(pairs: Pairs, false_alarms: float = SERVED_FALSE_ALARMS) -> dict[str, float] | None:
    """The manifest's `match`; None where there are too few whole pairs to take a threshold from."""
    other = other_rows(pairs.groups)
    both = pairs.both & pairs.both[other]
    if not (both[::2].any() and both[1::2].any()):
        return None
    served, compared = (measure_pairs(pairs, other, aim) for aim in (false_alarms, COMPARED_FALSE_ALARMS))
    # Rounded down: a pair at the threshold is no false alarm.
    threshold = math.floor(served.threshold * 1e4) / 1e4
    return {**served.figures(), "threshold": threshold, "foundAt2Percent": round(compared.found, 4)}
