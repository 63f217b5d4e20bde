import json
from pathlib import Path

import pytest

from labelstream_training.catalogue import CatalogueError
from labelstream_training.public_sets.mm_imdb import GENRES, TASKS, read_rows

FILMS = {
    "0000005": ("train", ["A smith.", "A smith hammers, and drinks a beer."], ["Short"]),
    "0000008": ("train", ["Two ride into town."], ["Western", "Film-Noir", "News"]),
    "0000010": ("dev", ["They sing."], ["Musical"]),
    "0000012": ("test", [], ["Drama", "Sci-Fi"]),
}


def write_set(folder: Path, picture: bytes, apart: bool = False) -> Path:
    """As published, in dataset/, or with the two kinds of files apart."""
    films, posters = (folder / "labels", folder / "images") if apart else (folder / "dataset", folder / "dataset")
    for path in (films, posters):
        path.mkdir(parents=True, exist_ok=True)
    split: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    for film, (name, plot, genres) in FILMS.items():
        split[name].append(film)
        (films / f"{film}.json").write_text(json.dumps({"title": "Never read", "plot": plot, "genres": genres}), "utf-8")
        (posters / f"{film}.jpeg").write_bytes(picture)
    (folder / "split.json").write_text(json.dumps(split), "utf-8")
    return folder


@pytest.mark.parametrize("apart", [False, True])
def test_each_genre_is_a_task_and_the_longest_plot_the_text(apart: bool, tmp_path: Path) -> None:
    rows = list(read_rows(write_set(tmp_path, b"poster", apart)))
    assert [row.split for row in rows] == ["train", "train", "val", "test"]
    assert rows[0].description == "A smith hammers, and drinks a beer."
    assert rows[3].description == "" and rows[3].title == ""
    assert [task for task, label in rows[1].labels.items() if label == "yes"] == ["Western", "FilmNoir"]
    assert tuple(rows[1].labels) == TASKS and len(GENRES) == 23
    assert rows[0].picture() == b"poster"


def test_another_layout_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"split.json does not exist: MM-IMDb is published as"):
        list(read_rows(tmp_path))
    write_set(tmp_path, b"poster")
    (tmp_path / "dataset" / "0000008.json").write_text('{"plot": "one text", "genres": []}', "utf-8")
    with pytest.raises(CatalogueError, match=r"0000008.json: plot is no list of texts"):
        list(read_rows(tmp_path))
    (tmp_path / "dataset" / "0000008.json").write_text("{", "utf-8")
    with pytest.raises(CatalogueError, match=r"0000008.json is not JSON"):
        list(read_rows(tmp_path))
    (tmp_path / "split.json").write_text('{"train": []}', "utf-8")
    with pytest.raises(CatalogueError, match="does not list the ids of train, dev and test"):
        list(read_rows(tmp_path))


def test_a_missing_poster_is_named(tmp_path: Path) -> None:
    write_set(tmp_path, b"poster")
    (tmp_path / "dataset" / "0000010.jpeg").unlink()
    with pytest.raises(CatalogueError, match=r"0000010.jpeg does not exist"):
        list(read_rows(tmp_path))[2].picture()
