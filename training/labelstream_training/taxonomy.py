"""Taxonomy paths of labels, read off the train rows, and their categories in a public taxonomy, chosen by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .catalogue import Listing

# From the root; a label's path is the majority of its rows' labels at the levels above it.
LEVELS = ("masterCategory", "subCategory", "articleType")
# Task -> label -> category of the Google product taxonomy (version 2019-07-10): the narrowest that holds all listings of the label.
CATEGORIES_FILE = Path(__file__).with_name("google_categories.json")


def taxonomy_paths(listings: Sequence[Listing]) -> dict[str, dict[str, list[str]]]:
    """`{task: {label: path}}` for the tasks that are a level of the taxonomy."""
    return {task: paths_of_level(listings, depth) for depth, task in enumerate(LEVELS)}


def paths_of_level(listings: Sequence[Listing], depth: int) -> dict[str, list[str]]:
    """Paths of all labels of one level."""
    seen: dict[str, Counter[tuple[str, ...]]] = {}
    for listing in listings:
        path = tuple(listing.labels.get(level, "") for level in LEVELS[: depth + 1])
        if listing.split == "train" and all(path):
            seen.setdefault(path[-1], Counter())[path] += 1
    return {label: list(counts.most_common(1)[0][0]) for label, counts in sorted(seen.items())}


def label_categories(task: str, labels: Sequence[str]) -> dict | None:
    """The manifest's `category` of a task, `{"taxonomy", "byLabel": {label: {"id", "path"}}}`; None where no label has one."""
    known = json.loads(CATEGORIES_FILE.read_text("utf-8")).get(task, {"byLabel": {}})
    by_label = {label: known["byLabel"][label] for label in labels if label in known["byLabel"]}
    return {"taxonomy": known["taxonomy"], "byLabel": by_label} if by_label else None
