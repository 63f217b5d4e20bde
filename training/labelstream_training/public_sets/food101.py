"""UPMC Food-101 (Wang et al., ICME-W 2015): recipe pictures in a folder per dish, and the titles of their web pages.

`texts/train_titles.csv` and `texts/test_titles.csv` have no header: file name, title, dish. `images/train/DISH/FILE` and
`images/test/DISH/FILE` are the pictures. Titles whose picture is not in the archive are left out, as in published results.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from ..catalogue import CatalogueError
from .row import Row, held_out, require

TASKS = ("dish",)
SPLITS = ("train", "test")
LAYOUT = "UPMC Food-101 is published as images/{train,test}/DISH/FILE.jpg and texts/{train,test}_titles.csv"


def read_titles(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Line, file name, title and dish. Raises CatalogueError."""
    csv.field_size_limit(sys.maxsize)
    with require(path, LAYOUT).open(newline="", encoding="utf-8", errors="replace") as file:
        reader = csv.reader(file)
        for cells in reader:
            if len(cells) != 3 or not cells[0].strip() or not cells[2].strip():
                raise CatalogueError(f"{path}, line {reader.line_num}: {len(cells)} fields instead of file name, title and dish")
            yield reader.line_num, cells[0].strip(), cells[1].strip(), cells[2].strip()


def read_rows(data: Path) -> Iterator[Row]:
    """Rows of both tables, in their order. Raises CatalogueError."""
    for split in SPLITS:
        require(data / "texts" / f"{split}_titles.csv", LAYOUT)
        require(data / "images" / split, LAYOUT)
    for split in SPLITS:
        table, found = data / "texts" / f"{split}_titles.csv", 0
        for line, name, title, dish in read_titles(table):
            path = data / "images" / split / dish / name
            if not path.is_file():
                continue
            found += 1
            yield Row(
                id=Path(name).stem,
                title=title,
                description="",
                labels={"dish": dish},
                split=held_out(name) if split == "train" else split,
                picture=path.read_bytes,
                where=f"{path} (line {line} of {table.name})",
            )
        if not found:
            raise CatalogueError(f"no picture that {table} names is under {data / 'images' / split}: {LAYOUT}")
