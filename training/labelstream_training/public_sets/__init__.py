"""Public image-text sets in their published layouts, turned into data folders of this project."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

from . import fashion_gen, food101, mm_imdb
from .row import Row


@dataclasses.dataclass(frozen=True)
class PublicSet:
    """What it is called, its arXiv id, its tasks, and how its rows are read from the folder it was unpacked into."""

    title: str
    paper: str
    tasks: tuple[str, ...]
    read: Callable[[Path], Iterator[Row]]


SETS: dict[str, PublicSet] = {
    "fashion-gen": PublicSet("Fashion-Gen", "1806.08317", fashion_gen.TASKS, fashion_gen.read_rows),
    "food-101": PublicSet("UPMC Food-101", "", food101.TASKS, food101.read_rows),
    "mm-imdb": PublicSet("MM-IMDb", "1702.01992", mm_imdb.TASKS, mm_imdb.read_rows),
}
