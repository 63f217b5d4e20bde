import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY

from labelstream_training.catalogue import TASKS
from labelstream_training.cli import main
from labelstream_training.compare.token_set import open_meta
from labelstream_training.heads import HEADS
from labelstream_training.parity import open_session


@pytest.fixture(scope="module")
def tokens(run_folder: Path, data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokens") / "tokens"
    assert main(["tokens", "--data", str(data_folder), "--run", str(run_folder), "--out", str(folder), "--augmented", "0"]) == 0
    return folder


def export(name: str, tokens: Path, encoder: Path, data: Path, out: Path) -> int:
    torch.manual_seed(1)
    counts = [len(names) for names in open_meta(tokens)["labels"].values()]
    out.mkdir(exist_ok=True)
    torch.save({"head": name, "weights": HEADS[name].make(TINY, counts).state_dict()}, out / "best.pt")
    (out / "origin.json").write_text(json.dumps({"command": "compare", "data": ["drawn rows"]}), "utf-8")
    common = ["--data", str(data), "--tokens", str(tokens), "--encoder", str(encoder), "--models", str(out / "models")]
    return main(["export-head", *common, "--head", str(out / "best.pt"), "--origin", str(out / "origin.json"), "--generation", "4"])


@pytest.mark.parametrize("name", list(HEADS))
def test_every_head_becomes_a_bundle_that_names_its_encoder(
    name: str, tokens: Path, exported: Path, data_folder: Path, tmp_path: Path
) -> None:
    assert export(name, tokens, exported / "encoder-fashion-small", data_folder, tmp_path) == 0
    folder = tmp_path / "models" / f"fusion-fashion-{name}"
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    default = json.loads((exported / "fusion-fashion-cma" / "manifest.json").read_text("utf-8"))
    assert manifest["architecture"] == name and manifest["generation"] == 4
    assert manifest["requires"] == default["requires"]
    assert [task["name"] for task in manifest["tasks"]] == list(TASKS)
    assert set(manifest["match"]) == {"threshold", "falseAlarms", "found", "foundAt2Percent", "auroc"}
    assert set(manifest) == set(default) and set(manifest["tasks"][3]) == set(default["tasks"][3])
    assert set(manifest["files"]) == {path.name for path in folder.iterdir()} - {"manifest.json"}
    session = open_session(folder / "fusion.onnx")
    inputs = {"image": np.zeros((2, 7, TINY.width), np.float32), "text": np.zeros((2, 4, TINY.width), np.float32)}
    masks = {f"{kind}_mask": np.ones(value.shape[:2], np.float32) for kind, value in inputs.items()}
    found = session.run(["modality_weights"], {**{f"{kind}_tokens": value for kind, value in inputs.items()}, **masks})[0]
    assert found.shape == (2, len(TASKS), 2)


def test_another_encoder_is_refused(
    tokens: Path, exported: Path, data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "encoder"
    shutil.copytree(exported / "encoder-fashion-small", other)
    broken = np.load(tokens / "val" / "text.plain.ids.npy")
    strange = tmp_path / "tokens"
    shutil.copytree(tokens, strange)
    np.save(strange / "val" / "text.plain.ids.npy", np.roll(broken, 1, axis=0))
    assert export("clip-mlp", strange, other, data_folder, tmp_path / "out") == 1
    assert "is not the encoder whose tokens" in capsys.readouterr().err
    assert not (tmp_path / "out" / "models").exists()


def test_a_head_for_other_towers_is_refused(
    tokens: Path, exported: Path, data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"head": "clip-mlp", "weights": HEADS["clip-mlp"].make(TINY, [2, 2]).state_dict()}, tmp_path / "best.pt")
    (tmp_path / "origin.json").write_text(json.dumps({"command": "compare", "data": ["drawn rows"]}), "utf-8")
    more = ["--head", str(tmp_path / "best.pt"), "--origin", str(tmp_path / "origin.json"), "--models", str(tmp_path / "models")]
    common = ["--data", str(data_folder), "--tokens", str(tokens), "--encoder", str(exported / "encoder-fashion-small")]
    assert main(["export-head", *common, *more]) == 1
    assert "best.pt is of another architecture" in capsys.readouterr().err
    assert not (tmp_path / "models").exists()
