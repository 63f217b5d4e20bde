"""Listings that are alike in some tasks."""

from __future__ import annotations

import numpy as np


class Partners:
    """Finds for a row another one with the same labels in all of some tasks: `labels` int64 [N, tasks]."""

    def __init__(self, labels: np.ndarray) -> None:
        _, group = np.unique(labels, axis=0, return_inverse=True)
        group = group.reshape(-1)
        self.order = np.argsort(group, kind="stable")
        sorted_group = group[self.order]
        self.first = np.searchsorted(sorted_group, group, side="left")
        self.count = np.searchsorted(sorted_group, group, side="right") - self.first

    def of(self, rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """A partner per row, drawn evenly from its group; a row may draw itself, and one that is alone always does."""
        return self.order[self.first[rows] + random.integers(self.count[rows])]
