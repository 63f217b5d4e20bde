"""Rows of a public set → `products.csv`, `images.tar` and `tasks.json` in one folder."""

from __future__ import annotations

import csv
import io
import os
import tarfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..bundle import write_json
from ..catalogue import TASKS_FILE, CatalogueError
from .row import Row

REPORT_EVERY_ROWS = 5000


def write_catalogue(folder: Path, tasks: Sequence[str], rows: Iterable[Row], keep_unreadable: bool = False) -> Counter[str]:
    """Writes a data folder; all three files appear under their names only when whole, the table last. Returns the number of rows by split.

    A picture that cannot be decoded raises CatalogueError; with `keep_unreadable` its row is kept without it, and counted as "unreadable".
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / TASKS_FILE, list(tasks))
    table, archive = folder / "products.csv", folder / "images.tar"
    partial = {path: path.with_name(f"{path.name}.partial") for path in (table, archive)}
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    with partial[table].open("w", newline="", encoding="utf-8") as file, tarfile.open(partial[archive], "w") as images:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "title", "description", *tasks, "split"])
        for row in rows:
            if row.id in seen:
                raise CatalogueError(f"{row.where}: the id {row.id} occurs twice")
            seen.add(row.id)
            picture = readable(row, keep_unreadable)
            if picture is None:
                counts["unreadable"] += 1
            else:
                member = tarfile.TarInfo(f"{row.id}.jpg")
                member.size = len(picture)
                images.addfile(member, io.BytesIO(picture))
            writer.writerow([row.id, row.title, row.description, *[row.labels[task] for task in tasks], row.split])
            counts[row.split] += 1
            if len(seen) % REPORT_EVERY_ROWS == 0:
                print(f"{len(seen)} rows", flush=True)
    require_splits(counts, folder)
    os.replace(partial[archive], archive)
    os.replace(partial[table], table)
    return counts


def readable(row: Row, keep_unreadable: bool) -> bytes | None:
    """The picture of a row, decoded once to be sure of it."""
    import pyvips  # noqa: PLC0415 - what only names the sets needs no libvips

    from ..pixels import decode  # noqa: PLC0415

    data = row.picture()
    try:
        decode(data).copy_memory()
    except pyvips.Error as error:
        if keep_unreadable:
            return None
        reason = str(error).strip().splitlines()[-1]
        raise CatalogueError(f"{row.where} cannot be decoded ({reason}); --keep-unreadable keeps such rows without a picture") from error
    return data


def require_splits(counts: Counter[str], folder: Path) -> None:
    """Raises CatalogueError where there is nothing to train on or to choose by."""
    for split in ("train", "val"):
        if counts[split] == 0:
            raise CatalogueError(f"the set has no {split} rows, so {folder} would be of no use")
