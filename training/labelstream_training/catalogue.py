"""Reads folders of `products.csv` + `images.tar` into rows, and knows tasks and labels."""

from __future__ import annotations

import csv
import dataclasses
import sys
from collections.abc import Iterable
from pathlib import Path

PUBLIC_DATASET = "https://www.kaggle.com/datasets/paramaggarwal/fashion-product-images-small"
TASKS = ("gender", "masterCategory", "subCategory", "articleType", "baseColour", "season", "usage")
# Class indices that are no class: an empty field, and a label that no train row has (always a miss).
UNLABELLED = -1
UNKNOWN_LABEL = -2


@dataclasses.dataclass(frozen=True)
class Listing:
    """One row of a catalogue: its text as it stands, and the label of each task ("" where unlabelled)."""

    folder: Path
    id: str
    text: str
    labels: tuple[str, ...]
    split: str


class CatalogueError(Exception):
    """A data folder is not of the expected form."""


def listing_text(title: str | None, description: str | None) -> str:
    """The text the model reads: the title, or the description where there is no title."""
    return (title or "").strip() or (description or "").strip()


def read_catalogue(folders: Iterable[Path]) -> list[Listing]:
    """All rows of all folders, in file order."""
    csv.field_size_limit(sys.maxsize)
    return [listing for folder in folders for listing in read_folder(Path(folder))]


def read_folder(folder: Path) -> list[Listing]:
    """Rows of one folder. Columns named like a task are labels; a missing column means unlabelled."""
    path = folder / "products.csv"
    if not path.is_file():
        raise CatalogueError(f"{path} does not exist; the public catalogue is at {PUBLIC_DATASET}")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"id", "title", "split"} - set(reader.fieldnames or ())
        if missing:
            raise CatalogueError(f"{path} lacks the columns {', '.join(sorted(missing))}")
        return [to_listing(folder, row) for row in reader]


def to_listing(folder: Path, row: dict[str, str | None]) -> Listing:
    """One CSV row as a listing."""
    return Listing(
        folder=folder,
        id=row["id"] or "",
        text=listing_text(row.get("title"), row.get("description")),
        labels=tuple((row.get(task) or "").strip() for task in TASKS),
        split=row["split"] or "",
    )


def collect_labels(listings: Iterable[Listing]) -> dict[str, list[str]]:
    """Label vocabulary per task: the sorted labels of the train rows."""
    found: dict[str, set[str]] = {task: set() for task in TASKS}
    for listing in listings:
        if listing.split == "train":
            for task, label in zip(TASKS, listing.labels, strict=True):
                if label:
                    found[task].add(label)
    return {task: sorted(labels) for task, labels in found.items()}


def label_indices(listing: Listing, vocabulary: dict[str, list[str]]) -> list[int]:
    """Class index per task; UNLABELLED where the field is empty, UNKNOWN_LABEL where the vocabulary lacks the label."""
    return [label_index(label, vocabulary[task]) for task, label in zip(TASKS, listing.labels, strict=True)]


def label_index(label: str, names: list[str]) -> int:
    """See `label_indices`."""
    if not label:
        return UNLABELLED
    return names.index(label) if label in names else UNKNOWN_LABEL
