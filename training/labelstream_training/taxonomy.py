"""Taxonomy paths of labels, read off the train rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .catalogue import TASKS, Listing

# From the root; a label's path is the majority of its rows' labels at the levels above it.
LEVELS = ("masterCategory", "subCategory", "articleType")


def taxonomy_paths(listings: Sequence[Listing]) -> dict[str, dict[str, list[str]]]:
    """`{task: {label: path}}` for the tasks that are a level of the taxonomy."""
    return {task: paths_of_level(listings, depth) for depth, task in enumerate(LEVELS)}


def paths_of_level(listings: Sequence[Listing], depth: int) -> dict[str, list[str]]:
    """Paths of all labels of one level."""
    places = [TASKS.index(level) for level in LEVELS[: depth + 1]]
    seen: dict[str, Counter[tuple[str, ...]]] = {}
    for listing in listings:
        path = tuple(listing.labels[place] for place in places)
        if listing.split == "train" and all(path):
            seen.setdefault(path[-1], Counter())[path] += 1
    return {label: list(counts.most_common(1)[0][0]) for label, counts in sorted(seen.items())}
