"""The ablation on a few made-up listings, by way of the command line."""

import csv
import json
from pathlib import Path

import pytest
from conftest import TINY, write_folder

from labelstream_training.ablation.report import PAPER, difference, read_rows, said, verdict
from labelstream_training.ablation.run import HEADS
from labelstream_training.catalogue import CatalogueError
from labelstream_training.cli import main
from labelstream_training.config import config_to_dict


def attribute_folder(folder: Path) -> Path:
    """The drawn rows of the other tests with the tasks of the attribute set."""
    write_folder(folder, 40)
    with (folder / "products.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (folder / "products.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "colour", "pattern", "style", "split"])
        writer.writerows([row["id"], row["title"], row["baseColour"], row["articleType"], row["subCategory"], row["split"]] for row in rows)
    (folder / "tasks.json").write_text('["colour", "pattern", "style"]', "utf-8")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ablation")
    phase = {"epochs": 1, "image_width": 16, "image_height": 24, "joint": False}
    compare = {"steps": 3, "batch_size": 8, "checks": 1, "warmup_steps": 1}
    config = {"model": config_to_dict(TINY), "towers": {"phases": [phase], "batch_size": 16, "shards": 1}, "compare": compare}
    (out / "config.json").write_text(json.dumps(config), "utf-8")
    data = attribute_folder(out / "data")
    more = ["--seeds", "1,2", "--config", str(out / "config.json"), "--report", str(out / "page.md"), "--raw", str(out / "raw.json")]
    assert main(["ablation", "--data", str(data), "--out", str(out), *more]) == 0
    return out


def test_every_head_is_measured_with_every_seed_over_towers_of_its_seed(made: Path) -> None:
    results = json.loads((made / "raw.json").read_text("utf-8"))["results"]
    assert sorted((result["head"], result["seed"]) for result in results) == sorted((head, seed) for head in HEADS for seed in (1, 2))
    assert len({result["towers"] for result in results}) == 2
    assert list(results[0]["conditions"]["complete"]) == ["colour", "pattern", "style"]


def test_the_page_has_the_tables_the_verdict_and_the_command(made: Path) -> None:
    page = (made / "page.md").read_text("utf-8")
    for words in (
        "| recall at 90 % precision | colour | pattern | style | average |",
        "the paper, on MRWPA",
        "--set attributes",
        "2 seeds",
    ):
        assert words in page
    assert page.count("Modality-wise attention, ") == 4
    assert ("the order of the paper" in page) and f"{PAPER['cma-clip'][3]}" in page


def test_the_page_can_be_written_again_without_the_data(made: Path) -> None:
    before = (made / "page.md").read_text("utf-8")
    assert main(["ablation", "--out", str(made), "--report", str(made / "again.md")]) == 0
    assert (made / "again.md").read_text("utf-8") == before


def test_results_without_one_of_the_systems_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="has no results of cma-clip, cma-clip-no-modality, cma-clip-plain"):
        read_rows(tmp_path)


def result(head: str, seed: int, recall: tuple[float, float, float]) -> dict:
    names = ("colour", "pattern", "style")
    tasks = {task: {"recallAtPrecision": value, "accuracy": value} for task, value in zip(names, recall, strict=True)}
    blind = {task: {"accuracy": 0.18} for task in names}
    return {"name": head, "head": head, "seed": seed, "config": {}, "conditions": {"complete": tasks, "textMissing": blind}}


def test_the_verdict_says_what_helps_and_what_does_not(tmp_path: Path) -> None:
    for seed, wobble in ((1, 0.0), (2, 0.01), (3, -0.01)):
        figures = {
            "cma-clip": (0.6 + wobble, 0.7, 0.2 + wobble),
            "cma-clip-no-modality": (0.6, 0.6, 0.1 + wobble),
            "cma-clip-plain": (0.6, 0.5, 0.2 + wobble),
            "text-only": (0.5, 0.5, 0.18),
        }
        for head, recall in figures.items():
            (tmp_path / f"{head}.{seed}.json").write_text(json.dumps(result(head, seed, recall)), "utf-8")
    rows = read_rows(tmp_path)
    words = verdict(rows)
    assert "colour: makes no difference beyond the deviation" in words
    assert "pattern: helps (+10.0 ± 0.0 points)" in words
    assert "style, which the paper found hurt (19.8 to 14.5): hurts (-10.0 ± 0.0 points)" in words
    assert "Nothing can be said of style: the best system is right in 20.0 %, one that sees neither text nor picture in 18.0 %" in words
    assert "Nothing can be said of pattern" not in words
    mean, deviation = difference(
        rows, "cma-clip", "cma-clip-no-modality", lambda found: found["conditions"]["complete"]["colour"]["recallAtPrecision"]
    )
    assert (round(mean, 6), round(deviation, 6)) == (0.0, 1.0)
    assert said((-2.0, 1.0)).startswith("hurts")
