import json
import shutil
from pathlib import Path

import pytest
import torch
import transformers
from conftest import run_command
from safetensors.torch import load_file, save_file
from tiny_clips import write_hugging_face, write_open_clip


@pytest.fixture(scope="module")
def hugging_face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hugging_face(tmp_path_factory.mktemp("good") / "hf")


@pytest.fixture(scope="module")
def open_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_open_clip(tmp_path_factory.mktemp("good") / "open")


def refused(checkpoint: Path | str, capsys: pytest.CaptureFixture[str], tmp_path: Path, *options: str) -> str:
    """The one line of the command, which must fail before anything is written."""
    capsys.readouterr()
    out = tmp_path / "out"
    assert run_command(["export-clip", "--model", str(checkpoint), "--out", str(out), *options]) == 1
    assert not out.exists()
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.strip().splitlines()[-1]


def changed(good: Path, folder: Path, file: str, change) -> Path:
    """A copy of a checkpoint with one JSON file changed."""
    shutil.copytree(good, folder)
    path = folder / file
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")
    return folder


def without(good: Path, folder: Path, *files: str) -> Path:
    shutil.copytree(good, folder)
    for file in files:
        (folder / file).unlink()
    return folder


def test_another_architecture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for config, name in ((transformers.BertConfig(), "bert"), (transformers.SiglipConfig(), "siglip")):
        config.save_pretrained(tmp_path / name)
        message = refused(tmp_path / name, capsys, tmp_path)
        assert f"architecture {name}; export-clip takes CLIP" in message


def test_no_checkpoint_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert "neither a config.json (transformers) nor an open_clip_config.json" in refused(tmp_path / "empty", capsys, tmp_path)


def preprocessor_file(folder: Path) -> str:
    return "preprocessor_config.json" if (folder / "preprocessor_config.json").is_file() else "processor_config.json"


@pytest.mark.parametrize(
    ("files", "message"),
    [(("model.safetensors",), "the weights cannot be read"), (("tokenizer.json",), "no tokenizer.json, nor vocab.json with merges.txt")],
)
def test_a_missing_file(hugging_face: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], files: tuple, message: str) -> None:
    assert message in refused(without(hugging_face, tmp_path / "less", *files), capsys, tmp_path)


def test_missing_weights_are_not_made_up(hugging_face: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(hugging_face, tmp_path / "less")
    weights = load_file(tmp_path / "less" / "model.safetensors")
    del weights["visual_projection.weight"]
    save_file(weights, tmp_path / "less" / "model.safetensors", {"format": "pt"})
    assert "lacks visual_projection.weight" in refused(tmp_path / "less", capsys, tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda config: config.update(projection_dim=13), "has another shape for text_projection.weight"),
        (lambda config: config["text_config"].update(eos_token_id=5), "pools at id 5, its tokeniser ends texts with"),
        (lambda config: config["vision_config"].update(hidden_act="relu"), "the activation relu is none of"),
        (lambda config: config["vision_config"].update(image_size=40), "the image size of its tower"),
    ],
)
def test_a_wrong_dimension(hugging_face: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change, message: str) -> None:
    assert message in refused(changed(hugging_face, tmp_path / "other", "config.json", change), capsys, tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resample": 2}, "bicubic or Lanczos is needed"),
        ({"size": {"height": 32, "width": 32}}, "the shortest edge and both sides of the cut have to be 32"),
        ({"do_center_crop": False}, "the shortest edge and both sides of the cut have to be 32"),
    ],
)
def test_preprocessing_that_is_not_served(
    hugging_face: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict, message: str
) -> None:
    file = preprocessor_file(hugging_face)
    assert message in refused(changed(hugging_face, tmp_path / "other", file, lambda config: config.update(change)), capsys, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preprocessing": {"resize_mode": "squash"}}, "resizes by squash"),
        ({"preprocessing": {"interpolation": "bilinear"}}, "resamples bilinear"),
        ({"vision_cfg": {"pool_type": "avg"}}, "does not pool at the class token"),
        ({"vision_cfg": {"ls_init_value": 0.1}}, "has weights that plain CLIP has not"),
        ({"text_cfg": {"no_causal_mask": True}}, "not causal"),
        ({"text_cfg": {"vocab_size": 1000}}, "they do not belong together"),
    ],
)
def test_another_open_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict, message: str) -> None:
    assert message in refused(write_open_clip(tmp_path / "other", **changes), capsys, tmp_path)


def test_open_clip_with_the_text_tower_of_another_library(open_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def change(config: dict) -> None:
        config["model_cfg"]["text_cfg"]["hf_model_name"] = "roberta-base"

    other = changed(open_clip, tmp_path / "other", "open_clip_config.json", change)
    assert "its text tower or tokeniser is roberta-base" in refused(other, capsys, tmp_path)


def test_weights_of_another_shape(open_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(open_clip, tmp_path / "other")
    path = tmp_path / "other" / "open_clip_pytorch_model.bin"
    weights = torch.load(path, weights_only=True)
    weights["visual.proj"] = weights["visual.proj"][:, :5]
    torch.save(weights, path)
    assert "cannot be loaded by open_clip" in refused(tmp_path / "other", capsys, tmp_path)
    path.write_bytes(b"no weights")
    assert "cannot be loaded by open_clip" in refused(tmp_path / "other", capsys, tmp_path)


def test_a_name_that_no_bundle_may_have(hugging_face: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is no name of a bundle" in refused(hugging_face, capsys, tmp_path, "--name", "My CLIP")


def test_a_folder_that_is_in_use_stays_as_it_is(hugging_face: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept.txt").write_text("kept", "utf-8")
    assert run_command(["export-clip", "--model", str(hugging_face), "--out", str(tmp_path / "out")]) == 1
    assert "is there already" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["kept.txt"]
