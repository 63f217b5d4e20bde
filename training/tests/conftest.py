"""A made-up catalogue and a tiny model: nothing here needs the real data.

What needs PyTorch or libvips is imported where it is used, so that the tests that need neither also run without them.
"""

from __future__ import annotations

import csv
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from labelstream_training.catalogue import TASKS
from labelstream_training.config import ModelConfig, Phase, TrainConfig, config_to_dict

COLOURS = {"Red": (220, 30, 30), "Green": (30, 160, 60), "Blue": (30, 60, 200)}
KINDS = {"Tshirts": "Topwear", "Jeans": "Bottomwear"}

TINY = ModelConfig(
    image_width=24,
    image_height=32,
    stem_channels=(4, 8, 8),
    stem_blocks=(1, 1),
    width=16,
    heads=2,
    mlp_ratio=2.0,
    image_blocks=1,
    vocabulary=400,
    word_width=8,
    pair_rows=64,
    context_length=12,
    text_blocks=1,
    fusion_blocks=1,
    embedding_width=8,
)
SHORT = TrainConfig(phases=(Phase(1, 16, 24, False), Phase(1, 24, 32, True)), batch_size=8, warmup_steps=2, extra_texts=2)


def draw_product(colour: str, kind: str, rng: np.random.Generator) -> bytes:
    """A coloured rectangle, wide for one kind and tall for the other, on white."""
    from labelstream_training.drawings import png

    pixels = np.full((32, 24, 3), 255, dtype=np.uint8)
    height, width = (10, 18) if kind == "Tshirts" else (22, 8)
    top, left = rng.integers(1, 31 - height), rng.integers(1, 23 - width)
    pixels[top : top + height, left : left + width] = COLOURS[colour]
    return png(pixels)


def write_folder(folder: Path, rows: int, seed: int = 0) -> Path:
    """A data folder: every fifth row is for validation, some fields are empty, one row has no picture."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "products.csv").open("w", newline="", encoding="utf-8") as file,
        tarfile.open(folder / "images.tar", "w") as archive,
    ):
        writer = csv.DictWriter(file, ["id", "title", *TASKS, "year", "split"])
        writer.writeheader()
        for row in range(rows):
            colour, kind = list(COLOURS)[row % 3], list(KINDS)[row % 2]
            labels = ["Men", "Apparel", KINDS[kind], kind, colour, "Summer" if row % 4 else "", "Casual"]
            writer.writerow(
                {
                    "id": row,
                    "title": f"Brand{row} {colour} {kind}",
                    **dict(zip(TASKS, labels, strict=True)),
                    "year": 2012,
                    "split": "val" if row % 5 == 4 else "train",
                }
            )
            if row:
                data = draw_product(colour, kind, rng)
                member = tarfile.TarInfo(f"{row}.jpg")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return folder


def run_command(arguments: list[str]) -> int:
    """The command line in this process."""
    from labelstream_training.cli import main

    return main(arguments)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    try:
        import torch
    except ModuleNotFoundError:
        return
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data") / "drawn", 40)


@pytest.fixture(scope="session")
def config_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "tiny.json"
    path.write_text(json.dumps({"model": config_to_dict(TINY), "train": config_to_dict(SHORT)}), "utf-8")
    return path


@pytest.fixture(scope="session")
def run_folder(data_folder: Path, config_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished tiny run, calibrated and evaluated, by way of the command line."""
    run = tmp_path_factory.mktemp("run")
    common = ["--data", str(data_folder), "--run", str(run)]
    assert run_command(["train", *common, "--config", str(config_file)]) == 0
    assert run_command(["calibrate", *common]) == 0
    assert run_command(["evaluate", *common]) == 0
    return run


@pytest.fixture(scope="session")
def exported(run_folder: Path, data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with both bundles of the tiny run."""
    models = tmp_path_factory.mktemp("models")
    origin = run_folder / "origin.json"
    origin.write_text(json.dumps({"command": "python -m labelstream_training train", "data": ["drawn rows"]}), "utf-8")
    arguments = ["--data", str(data_folder), "--run", str(run_folder), "--models", str(models), "--origin", str(origin)]
    assert run_command(["export", *arguments]) == 0
    return models
