"""The command from a published layout to a data folder, and on to its table."""

import csv
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY
from test_food101 import write_set as write_food
from test_mm_imdb import write_set as write_films

from labelstream_training.catalogue import read_catalogue
from labelstream_training.cli import main
from labelstream_training.config import config_to_dict
from labelstream_training.drawings import draw, png

PICTURE = png(draw(20, 20))


def run(name: str, data: Path, out: Path, *more: str) -> int:
    return main(["public-set", name, "--data", str(data), "--out", str(out), *more])


def test_a_data_folder_is_written_and_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("food-101", write_food(tmp_path / "food", PICTURE), tmp_path / "out") == 0
    folder = tmp_path / "out" / "catalogue"
    assert sorted(path.name for path in folder.iterdir()) == ["images.tar", "products.csv", "tasks.json"]
    assert json.loads((folder / "tasks.json").read_text("utf-8")) == ["dish"]
    listings = read_catalogue([folder])
    assert listings[0].text == "Best, easiest pie | Recipes" and listings[0].labels == {"dish": "apple_pie"}
    with tarfile.open(folder / "images.tar") as archive:
        assert archive.extractfile("apple_pie_0.jpg").read() == PICTURE
    assert "5 test" in capsys.readouterr().out


def test_a_picture_that_cannot_be_decoded_is_one_error_or_a_row_without_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_food(tmp_path / "food", PICTURE)
    (data / "images" / "train" / "sushi" / "sushi_3.jpg").write_bytes(PICTURE[:60])
    assert run("food-101", data, tmp_path / "out") == 1
    error = capsys.readouterr().err.strip()
    assert "sushi_3.jpg" in error and "cannot be decoded" in error and "\n" not in error
    assert not (tmp_path / "out" / "catalogue" / "products.csv").exists()
    assert run("food-101", data, tmp_path / "out", "--keep-unreadable") == 0
    assert "1 unreadable" in capsys.readouterr().out
    with tarfile.open(tmp_path / "out" / "catalogue" / "images.tar") as archive:
        assert "sushi_3.jpg" not in archive.getnames()
    with (tmp_path / "out" / "catalogue" / "products.csv").open(newline="", encoding="utf-8") as file:
        assert "sushi_3" in {row["id"] for row in csv.DictReader(file)}


def test_one_command_makes_the_table_of_a_set_with_several_labels(tmp_path: Path) -> None:
    films = write_films(tmp_path / "films", PICTURE)
    split = json.loads((films / "split.json").read_text("utf-8"))
    random = np.random.default_rng(1)
    for number in range(48):
        film, genre = f"1{number:06}", ("Drama", "Western")[number % 2]
        (films / "dataset" / f"{film}.json").write_text(json.dumps({"plot": [f"A {genre} of {number}"], "genres": [genre]}), "utf-8")
        pixels = np.clip(draw(24, 32).astype(int) * (number % 2) + random.integers(0, 60, (32, 24, 3)), 0, 255).astype(np.uint8)
        (films / "dataset" / f"{film}.jpeg").write_bytes(png(pixels))
        split[("train", "train", "train", "train", "dev", "test")[number % 6]].append(film)
    (films / "split.json").write_text(json.dumps(split), "utf-8")
    config, compare = tmp_path / "towers.json", tmp_path / "heads.json"
    phase = {"epochs": 1, "image_width": 16, "image_height": 24, "joint": True}
    config.write_text(json.dumps({"model": config_to_dict(TINY), "train": {"phases": [phase], "batch_size": 16, "shards": 1}}), "utf-8")
    compare.write_text(json.dumps({"steps": 4, "batch_size": 16, "checks": 1}), "utf-8")
    more = [
        "--table",
        "--config",
        str(config),
        "--compare-config",
        str(compare),
        "--heads",
        "cma-clip,clip-mlp",
        "--seeds",
        "1",
        "--workers",
        "1",
    ]
    assert run("mm-imdb", films, tmp_path / "out", *more) == 0
    page = (tmp_path / "out" / "models.md").read_text("utf-8")
    assert "| micro-F1 | complete |" in page and "| CLIP + MLP |" in page and "FilmNoir" in page
    results = json.loads((tmp_path / "out" / "models.json").read_text("utf-8"))["results"]
    assert results[0]["conditions"]["complete"]["Drama"]["rows"] == 9
    assert set(results[0]["multiLabel"]["complete"]) == {"micro", "macro", "weighted", "samples"}
