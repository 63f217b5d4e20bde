import base64
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY

from labelstream_training import export
from labelstream_training.calibrate import read_calibration, read_match, write_calibration
from labelstream_training.catalogue import TASKS
from labelstream_training.checkpoint import NEWEST, load_checkpoint
from labelstream_training.cli import main
from labelstream_training.golden import Chain, token_ids
from labelstream_training.parity import ParityError
from labelstream_training.predict import PATTERNS
from labelstream_training.tokenise import load_tokenizer


def test_help_names_the_commands_and_the_public_data_set() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "labelstream_training", "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    for word in ("train", "average", "evaluate", "calibrate", "export", "golden", "paramaggarwal/fashion-product-images-small"):
        assert word in answer.stdout


def test_the_mean_of_a_run_with_itself_is_that_run(run_folder: Path, tmp_path: Path) -> None:
    assert main(["average", "--of", str(run_folder), "--of", str(run_folder), "--run", str(tmp_path / "mean")]) == 0
    before, after = (load_checkpoint(folder / NEWEST).average for folder in (run_folder, tmp_path / "mean"))
    assert all(torch.allclose(value, after[name]) for name, value in before.items())
    assert main(["average", "--of", str(run_folder), "--share", "0", "--run", str(tmp_path / "none")]) == 1
    assert (tmp_path / "mean" / "tokenizer.json").read_bytes() == (run_folder / "tokenizer.json").read_bytes()


def test_figures_are_stored_for_every_pattern_and_task(run_folder: Path) -> None:
    figures = json.loads((run_folder / "metrics.json").read_text("utf-8"))
    assert set(figures) == set(PATTERNS)
    for tasks in figures.values():
        assert list(tasks) == list(TASKS)
        assert tasks["baseColour"]["rows"] == 8


def test_bundles_carry_calibration_paths_and_a_card(exported: Path) -> None:
    manifest = json.loads((exported / "fusion-fashion-cma" / "manifest.json").read_text("utf-8"))
    assert [task["name"] for task in manifest["tasks"]] == list(TASKS)
    kinds = manifest["tasks"][TASKS.index("articleType")]
    assert kinds["paths"]["Jeans"] == ["Apparel", "Bottomwear", "Jeans"]
    assert kinds["category"]["taxonomy"] == "google-product-taxonomy"
    assert kinds["category"]["byLabel"]["Jeans"] == {"id": "204", "path": ["Apparel & Accessories", "Clothing", "Pants"]}
    assert set(kinds["category"]["byLabel"]) == set(kinds["labels"])
    assert "category" not in manifest["tasks"][TASKS.index("baseColour")]
    assert set(kinds["temperature"]) == set(PATTERNS)
    # Eight validation rows are too few for any threshold.
    assert set(kinds["threshold"].values()) == {None}
    for bundle in exported.iterdir():
        card = (bundle / "MODEL_CARD.md").read_text("utf-8")
        assert "paramaggarwal/fashion-product-images-small" in card
        assert "| text missing |" in card


def test_the_bundle_says_from_where_on_image_and_text_belong_together(exported: Path, run_folder: Path) -> None:
    stored = json.loads((run_folder / "calibration.json").read_text("utf-8"))
    assert list(stored["tasks"]) == list(TASKS)
    manifest = json.loads((exported / "fusion-fashion-cma" / "manifest.json").read_text("utf-8"))
    assert manifest["match"] == stored["match"]
    assert -1 <= manifest["match"]["threshold"] <= 1
    assert str(manifest["match"]["threshold"]) in (exported / "fusion-fashion-cma" / "MODEL_CARD.md").read_text("utf-8")


def test_a_calibration_of_before_has_no_match(tmp_path: Path) -> None:
    tasks = {"gender": {"targetPrecision": 0.9}}
    (tmp_path / "calibration.json").write_text(json.dumps(tasks), "utf-8")
    assert read_calibration(tmp_path) == tasks and read_match(tmp_path) is None
    write_calibration(tmp_path, tasks, {"threshold": 0.1})
    assert read_calibration(tmp_path) == tasks and read_match(tmp_path) == {"threshold": 0.1}
    write_calibration(tmp_path, tasks, None)
    assert read_match(tmp_path) is None


def test_export_that_differs_from_pytorch_fails_and_keeps_the_old_bundles(
    exported: Path, run_folder: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in exported.rglob("*") if path.is_file()}

    def refuse(*_: object) -> None:
        raise ParityError(["text: tokens is off by 1", "fusion: embedding is off by 2"])

    monkeypatch.setattr(export, "require_parity", refuse)
    arguments = ["--data", str(data_folder), "--run", str(run_folder), "--models", str(exported)]
    assert main(["export", *arguments, "--origin", str(run_folder / "origin.json")]) == 1
    shown = capsys.readouterr().err
    assert "tokens is off by 1" in shown and "embedding is off by 2" in shown
    assert before == {path: path.read_bytes() for path in exported.rglob("*") if path.is_file()}


def test_export_needs_calibration(data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--data", str(data_folder), "--run", str(tmp_path), "--models", str(tmp_path), "--origin", str(tmp_path / "o")]
    assert main(["export", *arguments]) == 1
    assert "calibrated" in capsys.readouterr().err


def test_golden_vectors_of_the_contract_can_be_reproduced(exported: Path, tmp_path: Path) -> None:
    assert main(["golden", "--models", str(exported), "--out", str(tmp_path)]) == 0
    read = {path.stem: json.loads(path.read_text("utf-8")) for path in tmp_path.iterdir()}
    tokenizer = load_tokenizer(exported / "encoder-fashion-small" / "tokenizer.json")
    for case in read["tokenisation"]["cases"]:
        assert token_ids(tokenizer, case["text"]) == case["ids"]
        assert len(case["ids"]) <= TINY.context_length
    model = read["model"]
    pixels = np.frombuffer(base64.b64decode(model["pixels"]["base64"]), dtype=np.uint8).reshape(model["pixels"]["dims"])
    chain = Chain(exported / "encoder-fashion-small", exported / "fusion-fashion-cma")
    case = next(case for case in model["cases"] if case["name"] == "imageOnly")
    again = chain.run(pixels, model["ids"], True, False)
    assert again["embedding"] == pytest.approx(case["embedding"], abs=model["absoluteTolerance"])
    assert [pair[1] for pair in case["modalityWeights"]] == [0.0] * len(TASKS)
