"""MM-IMDb (arXiv 1702.01992): film posters and plots, with any number of 23 genres.

`split.json` names the ids of train, dev and test; `dataset/ID.json` has `plot` (a list) and `genres`, `dataset/ID.jpeg` is the poster.
Copies with the two kinds apart, `labels/` and `images/`, are read as well. Each genre is a task of its own with the labels yes and no, and
the text is the longest plot, as in the set's own paper; dev rows are for choices.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from ..catalogue import NO, YES, CatalogueError
from .row import Row, require

GENRES = (
    "Drama",
    "Comedy",
    "Romance",
    "Thriller",
    "Crime",
    "Action",
    "Adventure",
    "Horror",
    "Documentary",
    "Mystery",
    "Sci-Fi",
    "Fantasy",
    "Family",
    "Biography",
    "War",
    "History",
    "Music",
    "Animation",
    "Musical",
    "Western",
    "Sport",
    "Short",
    "Film-Noir",
)
TASK_OF = {genre: genre.replace("-", "") for genre in GENRES}
TASKS = tuple(TASK_OF.values())
SPLITS = {"train": "train", "dev": "val", "test": "test"}
LAYOUT = "MM-IMDb is published as split.json and dataset/ID.json with dataset/ID.jpeg"


def read_json(path: Path) -> object:
    """Raises CatalogueError where it is missing or no JSON."""
    try:
        return json.loads(require(path, LAYOUT).read_text("utf-8"))
    except ValueError as error:
        raise CatalogueError(f"{path} is not JSON: {error}") from error


def read_split(data: Path) -> dict[str, list[str]]:
    """Ids by split. Raises CatalogueError."""
    path = data / "split.json"
    found = read_json(path)
    if not isinstance(found, dict) or not all(isinstance(found.get(split), list) for split in SPLITS):
        raise CatalogueError(f"{path} does not list the ids of train, dev and test")
    return {split: [str(item) for item in found[split]] for split in SPLITS}


def read_film(path: Path) -> tuple[str, list[str]]:
    """Longest plot and genres. Raises CatalogueError."""
    film = read_json(path)
    plots, genres = (film.get("plot"), film.get("genres")) if isinstance(film, dict) else (None, None)
    for name, value in (("plot", plots), ("genres", genres)):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise CatalogueError(f"{path}: {name} is no list of texts")
    return max((plot.strip() for plot in plots), key=len, default=""), genres


def read_rows(data: Path) -> Iterator[Row]:
    """Rows of train, dev and test, in the order of split.json. Raises CatalogueError."""
    ids = read_split(data)
    together = data / "dataset"
    films, posters = (together, together) if together.is_dir() else (data / "labels", data / "images")
    for split, own in ids.items():
        for film in own:
            plot, genres = read_film(films / f"{film}.json")
            poster = posters / f"{film}.jpeg"
            yield Row(
                id=film,
                title="",
                description=plot,
                labels={task: YES if genre in genres else NO for genre, task in TASK_OF.items()},
                split=SPLITS[split],
                picture=lambda poster=poster: require(poster, LAYOUT).read_bytes(),
                where=str(poster),
            )
