"""Reads folders of `products.csv` + `images.tar` (+ `tasks.json`) into rows, and knows tasks and labels."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

PUBLIC_DATASET = "https://www.kaggle.com/datasets/paramaggarwal/fashion-product-images-small"
# The tasks of the fashion catalogue, and of every data folder that does not name its own.
TASKS = ("gender", "masterCategory", "subCategory", "articleType", "baseColour", "season", "usage")
TASKS_FILE = "tasks.json"
# The labels of a task that asks whether one of several labels applies (a film has several genres): one such task per label.
NO, YES = "no", "yes"
# As the manifest schema has it: the name becomes part of a graph's output and of a topic.
TASK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
# Class indices that are no class: an empty field, and a label that no train row has (always a miss).
UNLABELLED = -1
UNKNOWN_LABEL = -2


@dataclasses.dataclass(frozen=True)
class Listing:
    """One row of a catalogue: its text as it stands, and the label of each task ("" where unlabelled).

    `split` is "train", "val", or "test" in folders whose figures are taken from rows that no choice is made on.
    """

    folder: Path
    id: str
    text: str
    labels: dict[str, str]
    split: str


class CatalogueError(Exception):
    """A data folder is not of the expected form."""


def listing_text(title: str | None, description: str | None) -> str:
    """The text the model reads: the title, or the description where there is no title."""
    return (title or "").strip() or (description or "").strip()


def read_catalogue(folders: Iterable[Path]) -> list[Listing]:
    """All rows of all folders, in file order. Raises CatalogueError where the folders have different tasks."""
    csv.field_size_limit(sys.maxsize)
    paths = [Path(folder) for folder in folders]
    if len({read_tasks(path) for path in paths}) > 1:
        raise CatalogueError(f"these data folders have different tasks: {', '.join(str(path) for path in paths)}")
    return [listing for path in paths for listing in read_folder(path)]


def read_tasks(folder: Path) -> tuple[str, ...]:
    """The tasks a folder names in its `tasks.json` (a JSON list of column names); those of the fashion catalogue where it has none."""
    path = folder / TASKS_FILE
    if not path.is_file():
        return TASKS
    try:
        tasks = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise CatalogueError(f"{path} is not JSON: {error}") from error
    if not isinstance(tasks, list) or not tasks or not all(isinstance(task, str) and TASK_NAME.fullmatch(task) for task in tasks):
        raise CatalogueError(f"{path} is no list of task names (letters and digits, a letter first)")
    if len(set(tasks)) < len(tasks):
        raise CatalogueError(f"{path} names a task twice")
    return tuple(tasks)


def read_folder(folder: Path) -> list[Listing]:
    """Rows of one folder. Columns named like a task are labels; a missing column means unlabelled."""
    path, tasks = folder / "products.csv", read_tasks(folder)
    if not path.is_file():
        raise CatalogueError(f"{path} does not exist; the public catalogue is at {PUBLIC_DATASET}")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"id", "title", "split"} - set(reader.fieldnames or ())
        if missing:
            raise CatalogueError(f"{path} lacks the columns {', '.join(sorted(missing))}")
        return [to_listing(folder, row, tasks) for row in reader]


def to_listing(folder: Path, row: dict[str, str | None], tasks: tuple[str, ...]) -> Listing:
    """One CSV row as a listing."""
    return Listing(
        folder=folder,
        id=row["id"] or "",
        text=listing_text(row.get("title"), row.get("description")),
        labels={task: (row.get(task) or "").strip() for task in tasks},
        split=row["split"] or "",
    )


def collect_labels(listings: Iterable[Listing]) -> dict[str, list[str]]:
    """Label vocabulary per task, in the order of the tasks: the sorted labels of the train rows."""
    found: dict[str, set[str]] = {}
    for listing in listings:
        for task, label in listing.labels.items():
            known = found.setdefault(task, set())
            if label and listing.split == "train":
                known.add(label)
    return {task: sorted(labels) for task, labels in found.items()}


def label_indices(listing: Listing, vocabulary: dict[str, list[str]]) -> list[int]:
    """Class index per task; UNLABELLED where the field is empty, UNKNOWN_LABEL where the vocabulary lacks the label."""
    return [label_index(listing.labels.get(task, ""), names) for task, names in vocabulary.items()]


def label_index(label: str, names: list[str]) -> int:
    """See `label_indices`."""
    if not label:
        return UNLABELLED
    return names.index(label) if label in names else UNKNOWN_LABEL


def yes_no_tasks(vocabulary: dict[str, list[str]]) -> list[str]:
    """The tasks that together are one question with several answers: those with the labels no and yes."""
    return [task for task, names in vocabulary.items() if names == [NO, YES]]


def named_labels(listing: Listing) -> list[str]:
    """What the labels of a listing are called: the label, or of a yes the task's name; a no has no name."""
    return [task if label == YES else label for task, label in listing.labels.items() if label not in ("", NO)]
