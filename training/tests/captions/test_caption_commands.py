import json
from pathlib import Path

import numpy as np
import pytest

from labelstream_training.cli import main
from labelstream_training.parity import ParityError, open_session

SETTINGS = {"width": 16, "heads": 2, "text_blocks": 1, "image_blocks": 1, "queries": 2, "embedding_width": 8, "longest": 10}
SCHEDULE = {"least_count": 2, "steps": 6, "batch_size": 8, "warmup_steps": 2, "checks": 2, "check_rows": 8}


@pytest.fixture(scope="module")
def common(run_folder: Path, data_folder: Path, exported: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options of a run that was trained and evaluated by way of the command line."""
    root = tmp_path_factory.mktemp("captions")
    tokens = ["--data", str(data_folder), "--run", str(run_folder), "--out", str(root / "tokens"), "--augmented", "1"]
    assert main(["tokens", *tokens]) == 0
    (root / "settings.json").write_text(json.dumps({**SETTINGS, **SCHEDULE}), "utf-8")
    encoder = exported / "encoder-fashion-small"
    options = ["--data", str(data_folder), "--tokens", str(root / "tokens"), "--encoder", str(encoder), "--run", str(root / "run")]
    assert main(["captions", "train", *options, "--config", str(root / "settings.json")]) == 0
    assert main(["captions", "evaluate", *options, "--fusion", str(exported / "fusion-fashion-cma")]) == 0
    return options


def option(common: list[str], name: str) -> Path:
    return Path(common[common.index(name) + 1])


def export(common: list[str], folder: Path) -> int:
    (folder / "origin.json").write_text(json.dumps({"command": "captions train", "data": ["drawn rows"]}), "utf-8")
    return main(["captions", "export", *common, "--models", str(folder / "models"), "--origin", str(folder / "origin.json")])


def test_figures_and_titles_are_stored(common: list[str]) -> None:
    run = option(common, "--run")
    figures = json.loads((run / "metrics.json").read_text("utf-8"))
    titles = [json.loads(line) for line in (run / "titles.jsonl").read_text("utf-8").splitlines()]
    assert figures["rows"] == len(titles) == 8
    assert set(figures["proposed"]) == set(figures["sellers"]) == {"named", "readBack", "clipMatch"}
    assert all(0 <= line["tokenConfidence"] <= 1 for line in titles)


def test_the_bundle_is_whole_and_names_its_encoder(common: list[str], tmp_path: Path) -> None:
    assert export(common, tmp_path) == 0
    folder = tmp_path / "models" / "caption-fashion-coca"
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["kind"] == "caption" and manifest["requires"]["encoder"].startswith("encoder-fashion-small@")
    assert set(manifest["files"]) == {path.name for path in folder.iterdir()} - {"manifest.json"}
    cache, words = manifest["cache"], len(manifest["vocabulary"])
    prefix, step = open_session(folder / "prefix.onnx"), open_session(folder / "step.onnx")
    cross = prefix.run(None, {"image_tokens": np.zeros((2, 3, manifest["imageTokenWidth"]), np.float32)})
    assert cross[0].shape == (2, cache["crossLayers"], cache["heads"], cache["queries"], cache["headWidth"])
    none = np.zeros((2, cache["layers"], cache["heads"], 0, cache["headWidth"]), np.float32)
    begin = np.full((2, 1), manifest["decoding"]["beginTokenId"])
    inputs = {"token_ids": begin, "past_keys": none, "past_values": none, "cross_keys": cross[0], "cross_values": cross[1]}
    logits, keys, _ = step.run(None, inputs)
    assert logits.shape == (2, words) and keys.shape[3] == 1
    assert (logits.argmax(axis=1) != manifest["decoding"]["beginTokenId"]).all()


def test_graphs_that_differ_from_pytorch_are_not_put_in_place(common: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ParityError(["off"])

    monkeypatch.setattr("labelstream_training.captions.bundle.require_same_without_cache", refuse)
    assert export(common, tmp_path) == 1
    assert not (tmp_path / "models").exists()


def test_a_bundle_that_is_too_large_is_not_put_in_place(common: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labelstream_training.captions.bundle.MOST_BYTES", 1000)
    assert export(common, tmp_path) == 1
    assert not (tmp_path / "models").exists()


def test_a_run_that_was_not_evaluated_is_refused(common: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = [*common]
    other[other.index("--run") + 1] = str(tmp_path / "nothing")
    assert export(other, tmp_path) == 1
    assert "has to be evaluated first" in capsys.readouterr().err
