from pathlib import Path

import pytest

from labelstream_training.catalogue import CatalogueError
from labelstream_training.public_sets.food101 import read_rows

DISHES = ("apple_pie", "sushi")


def write_set(folder: Path, picture: bytes, train: int = 60) -> Path:
    """As published: tables without a header, a folder of pictures per dish; one title has no picture, one has commas."""
    (folder / "texts").mkdir(parents=True, exist_ok=True)
    for split, count in (("train", train), ("test", 6)):
        lines = []
        for number in range(count):
            dish = DISHES[number % 2]
            name = f"{dish}_{number if split == 'train' else 900 + number}.jpg"
            title = '"Best, easiest pie | Recipes"' if number == 0 else f"How to make {dish} {number}"
            lines.append(f"{name},{title},{dish}")
            path = folder / "images" / split / dish / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if number != 1:
                path.write_bytes(picture)
        (folder / "texts" / f"{split}_titles.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def test_rows_carry_title_dish_and_picture(tmp_path: Path) -> None:
    rows = list(read_rows(write_set(tmp_path, b"picture")))
    assert len(rows) == 59 + 5
    assert (rows[0].id, rows[0].title, rows[0].labels) == ("apple_pie_0", "Best, easiest pie | Recipes", {"dish": "apple_pie"})
    assert rows[0].picture() == b"picture"
    assert "sushi_1" not in {row.id for row in rows}


def test_test_rows_stay_test_rows_and_some_train_rows_are_held_out(tmp_path: Path) -> None:
    splits = [row.split for row in read_rows(write_set(tmp_path, b"picture"))]
    assert splits[-5:] == ["test"] * 5
    assert 0 < splits.count("val") < 10


def test_another_layout_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"train_titles.csv does not exist: UPMC Food-101 is published as images/"):
        list(read_rows(tmp_path))
    write_set(tmp_path, b"picture")
    (tmp_path / "texts" / "test_titles.csv").write_text("apple_pie_900.jpg,no dish\n", "utf-8")
    with pytest.raises(CatalogueError, match=r"test_titles.csv, line 1: 2 fields instead of"):
        list(read_rows(tmp_path))
    (tmp_path / "texts" / "test_titles.csv").write_text("pie.jpg,title,pizza\n", "utf-8")
    with pytest.raises(CatalogueError, match=r"no picture that .* names"):
        list(read_rows(tmp_path))
