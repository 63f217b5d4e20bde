import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from conftest import TINY, run_command
from onnx import numpy_helper

from labelstream_training.calibrate import read_calibration, read_sharpness
from labelstream_training.checkpoint import NEWEST, load_checkpoint, restore_system
from labelstream_training.graphs import all_graphs
from labelstream_training.parity import require_parity


def restore(models: Path, run: Path, config: Path) -> int:
    bundles = ["--encoder", str(models / "encoder-fashion-small"), "--fusion", str(models / "fusion-fashion-cma")]
    return run_command(["restore", *bundles, "--config", str(config), "--run", str(run)])


def test_a_restored_run_gives_the_same_graphs_and_the_same_calibration(
    exported: Path, run_folder: Path, config_file: Path, tmp_path: Path
) -> None:
    assert restore(exported, tmp_path, config_file) == 0
    system, checkpoint = restore_system(tmp_path / NEWEST, sharpness=read_sharpness(tmp_path))
    files = [exported / "encoder-fashion-small" / "image.onnx", exported / "encoder-fashion-small" / "text.onnx"]
    graphs = all_graphs(system, TINY, list(checkpoint.settings["labels"]))
    require_parity(list(zip(graphs, [*files, exported / "fusion-fashion-cma" / "fusion.onnx"], strict=True)), TINY.context_length)
    assert checkpoint.settings["labels"] == load_checkpoint(run_folder / NEWEST).settings["labels"]
    assert (tmp_path / "tokenizer.json").read_bytes() == (run_folder / "tokenizer.json").read_bytes()
    assert read_calibration(tmp_path) == read_calibration(run_folder)
    assert np.allclose(read_sharpness(tmp_path), read_sharpness(run_folder), atol=1e-6)


def test_the_restored_head_is_that_of_the_run(exported: Path, run_folder: Path, config_file: Path, tmp_path: Path) -> None:
    assert restore(exported, tmp_path, config_file) == 0
    wanted, _ = restore_system(run_folder / NEWEST)
    found, _ = restore_system(tmp_path / NEWEST)
    for name, value in wanted.fusion.state_dict().items():
        assert torch.allclose(value, found.fusion.state_dict()[name], atol=1e-6), name


def test_a_restored_run_can_be_refined_from(exported: Path, config_file: Path, data_folder: Path, tmp_path: Path) -> None:
    run, tokens, short = tmp_path / "run", tmp_path / "tokens", tmp_path / "short.json"
    assert restore(exported, run, config_file) == 0
    assert run_command(["tokens", "--data", str(data_folder), "--run", str(run), "--out", str(tokens)]) == 0
    short.write_text(json.dumps({"steps": 2}), "utf-8")
    head, adopted = tmp_path / "head.pt", tmp_path / "adopted.pt"
    common = ["--tokens", str(tokens), "--checkpoint", str(run / NEWEST)]
    refine = ["refine", *common, "--config", str(short), "--out"]
    assert run_command([*refine, str(tmp_path / "first.pt")]) == 0
    assert run_command([*refine, str(head), "--from", str(tmp_path / "first.pt")]) == 0
    assert run_command(["adopt", *common, "--head", str(head), "--out", str(adopted)]) == 0


def test_bundles_of_another_architecture_are_refused(
    exported: Path, config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wider = json.loads(config_file.read_text("utf-8"))
    wider["model"]["width"] = 32
    other = tmp_path / "wider.json"
    other.write_text(json.dumps(wider), "utf-8")
    assert restore(exported, tmp_path / "run", other) == 1
    assert "another architecture" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_no_such_bundle_is_refused(
    exported: Path, config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "models"
    shutil.copytree(exported, models)
    (models / "encoder-fashion-small" / "manifest.json").write_text('{"kind": "caption"}', "utf-8")
    assert restore(models, tmp_path / "run", config_file) == 1
    assert "is no encoder bundle" in capsys.readouterr().err


def test_a_graph_that_says_something_else_is_refused(
    exported: Path, config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights that are read from another place than their name's have the right shapes all the same."""
    models = tmp_path / "models"
    shutil.copytree(exported, models)
    path = models / "encoder-fashion-small" / "text.onnx"
    model = onnx.load(path)
    position = next(item for item in model.graph.initializer if item.name == "position")
    (slice_node,) = (node for node in model.graph.node if node.op_type == "Slice" and "position" in node.input)
    flipped = numpy_helper.from_array(numpy_helper.to_array(position)[:, ::-1].copy(), "flipped")
    model.graph.initializer.append(flipped)
    slice_node.input[0] = "flipped"
    onnx.save(model, path)
    assert restore(models, tmp_path / "run", config_file) == 1
    assert "ONNX and PyTorch differ" in capsys.readouterr().err
