"""Listings that are alike in some tasks."""

from __future__ import annotations

import numpy as np


class Partners:
    """Finds for a row another one with the same labels in all of some tasks: `labels` int64 [N, tasks].

    Only rows that `eligible` bool [N] names are drawn; where a group has none, a row is its own partner.
    """

    def __init__(self, labels: np.ndarray, eligible: np.ndarray | None = None) -> None:
        _, group = np.unique(labels, axis=0, return_inverse=True)
        group = group.reshape(-1)
        rows = np.arange(len(group)) if eligible is None else np.flatnonzero(eligible)
        self.order = rows[np.argsort(group[rows], kind="stable")]
        sorted_group = group[self.order]
        self.first = np.searchsorted(sorted_group, group, side="left")
        self.count = np.searchsorted(sorted_group, group, side="right") - self.first

    def of(self, rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """A partner per row, drawn evenly from its group; a row may draw itself, and one that is alone always does."""
        count = self.count[rows]
        place = self.first[rows] + random.integers(np.maximum(count, 1))
        # An empty group may begin behind the last row.
        return np.where(count > 0, self.order[np.minimum(place, len(self.order) - 1)], rows) if len(self.order) else rows
