"""One row of a public set, and what the loaders share."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

from ..catalogue import CatalogueError

# One in this many train rows, where a set has no rows of its own for choices: about what the papers hold out.
HELD_OUT_EVERY = 20


@dataclasses.dataclass(frozen=True)
class Row:
    """A listing of a public set. `picture` gives its encoded bytes, read only when they are needed; `where` names it in errors."""

    id: str
    title: str
    description: str
    labels: dict[str, str]
    split: str
    picture: Callable[[], bytes]
    where: str


def require(path: Path, what: str) -> Path:
    """Raises CatalogueError where a file or folder of the published layout is not there."""
    if not path.exists():
        raise CatalogueError(f"{path} does not exist: {what}")
    return path


def held_out(group: str) -> str:
    """ "val" for one group of train rows in `HELD_OUT_EVERY`, chosen by its name alone, else "train"."""
    digest = hashlib.sha256(group.encode()).digest()
    return "val" if int.from_bytes(digest[:4], "big") % HELD_OUT_EVERY == 0 else "train"
