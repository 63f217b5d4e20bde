import dataclasses
import json
from pathlib import Path

import pytest
import torch

from labelstream_training.catalogue import TASKS, CatalogueError
from labelstream_training.checkpoint import NEWEST, load_checkpoint, restore_system
from labelstream_training.cli import main
from labelstream_training.compare.conditions import CONDITIONS
from labelstream_training.compare.jobs import Job, make_head, run_job
from labelstream_training.compare.settings import CompareConfig
from labelstream_training.compare.token_set import open_meta
from labelstream_training.config import model_config_from_dict

SETTINGS = {"steps": 4, "batch_size": 8, "warmup_steps": 1, "checks": 2}


@pytest.fixture(scope="module")
def tokens(run_folder: Path, data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokens") / "tokens"
    assert main(["tokens", "--data", str(data_folder), "--run", str(run_folder), "--out", str(folder), "--augmented", "1"]) == 0
    return folder


@pytest.fixture(scope="module")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("settings") / "settings.json"
    path.write_text(json.dumps(SETTINGS), "utf-8")
    return path


@pytest.fixture(scope="module")
def compared(tokens: Path, settings_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two heads and two seeds in two processes, by way of the command line."""
    out = tmp_path_factory.mktemp("compared")
    heads = ["--heads", "cma-clip,clip-mlp,image-only", "--seeds", "1,2"]
    assert main(["compare", "--tokens", str(tokens), "--out", str(out), *heads, "--config", str(settings_file), "--workers", "2"]) == 0
    return out


def test_every_job_stores_its_figures_settings_and_cost(compared: Path) -> None:
    names = sorted(path.name for path in (compared / "results").iterdir())
    assert names == [f"{head}.seed{seed}.json" for head in ("clip-mlp", "cma-clip", "image-only") for seed in (1, 2)]
    result = json.loads((compared / "results" / "cma-clip.seed2.json").read_text("utf-8"))
    assert result["config"]["steps"] == 4 and result["seed"] == 2
    assert list(result["conditions"]) == list(CONDITIONS) and list(result["conditions"]["typos"]) == list(TASKS)
    assert result["cost"]["parameters"] > 0 and result["cost"]["msPerListing"] > 0
    assert [look["step"] for look in result["training"]["looks"]] == [2, 4]


def test_a_second_call_does_nothing_and_other_settings_are_refused(
    compared: Path, tokens: Path, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = compared / "results" / "clip-mlp.seed1.json"
    before = path.stat().st_mtime_ns
    arguments = ["compare", "--tokens", str(tokens), "--out", str(compared), "--heads", "clip-mlp", "--seeds", "1", "--workers", "1"]
    assert main([*arguments, "--config", str(settings_file)]) == 0
    assert path.stat().st_mtime_ns == before
    assert main(arguments) == 1
    assert "was made with another config" in capsys.readouterr().err


def test_unknown_heads_are_named(tokens: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--tokens", str(tokens), "--out", str(tmp_path), "--heads", "cma-clip,vilbert"]) == 1
    assert "unknown heads: vilbert" in capsys.readouterr().err


def test_no_steps_measure_the_checkpoints_own_head(tokens: Path, run_folder: Path, tmp_path: Path) -> None:
    job = Job("trained together", "cma-clip", 1, CompareConfig(steps=0), tokens, tmp_path, run_folder / NEWEST)
    meta = open_meta(tokens)
    head = make_head(job, model_config_from_dict(meta["model"]), [len(names) for names in meta["labels"].values()])
    own = load_checkpoint(run_folder / NEWEST).average
    assert all(torch.equal(value, own[f"fusion.{name}"]) for name, value in head.state_dict().items())
    run_job(job)
    assert json.loads(job.result.read_text("utf-8"))["training"] == {"seconds": 0.0, "looks": []}


def test_only_cma_clip_has_weights_in_a_checkpoint(tokens: Path, run_folder: Path, tmp_path: Path) -> None:
    job = Job("clip-mlp", "clip-mlp", 1, CompareConfig(steps=0), tokens, tmp_path, run_folder / NEWEST)
    for wrong in (job, dataclasses.replace(job, head="cma-clip", checkpoint=None)):
        with pytest.raises(CatalogueError, match="only cma-clip has weights in a checkpoint"):
            run_job(wrong)


def test_a_head_can_be_put_back_into_its_checkpoint(
    compared: Path, tokens: Path, run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = compared / "heads" / "cma-clip.seed1" / "best.pt"
    common = ["adopt", "--checkpoint", str(run_folder / NEWEST), "--tokens", str(tokens)]
    assert main([*common, "--head", str(head), "--out", str(tmp_path / "run" / NEWEST)]) == 0
    system, _ = restore_system(tmp_path / "run" / NEWEST)
    weights = torch.load(head, weights_only=True)["weights"]
    assert torch.allclose(system.fusion.modality_wise.vector, weights["modality_wise.vector"])
    assert torch.equal(system.image.class_token, restore_system(run_folder / NEWEST)[0].image.class_token)
    other = compared / "heads" / "clip-mlp.seed1" / "best.pt"
    assert main([*common, "--head", str(other), "--out", str(tmp_path / "no.pt")]) == 1
    assert "is a clip-mlp" in capsys.readouterr().err
    assert (
        main(["adopt", "--checkpoint", str(tmp_path / "run" / NEWEST), *common[3:], "--head", str(head), "--out", str(tmp_path / "no.pt")])
        == 1
    )
    assert "are not those of" in capsys.readouterr().err
    stored = torch.load(head, weights_only=True)
    narrow = {"head": "cma-clip", "weights": {**stored["weights"], "modality": torch.zeros(2, 8)}}
    torch.save(narrow, tmp_path / "narrow.pt")
    assert main([*common, "--head", str(tmp_path / "narrow.pt"), "--out", str(tmp_path / "no.pt")]) == 1
    assert "narrow.pt is of another architecture" in capsys.readouterr().err
    assert main(["adopt", "--checkpoint", str(head), *common[3:], "--head", str(head), "--out", str(tmp_path / "no.pt")]) == 1
    assert "is no checkpoint that `train` has written" in capsys.readouterr().err
    assert not (tmp_path / "no.pt").exists()


def test_the_report_is_made_from_stored_results(compared: Path, tmp_path: Path) -> None:
    page, raw = tmp_path / "models.md", tmp_path / "models.json"
    assert main(["report", "--results", str(compared / "results"), "--out", str(page), "--raw", str(raw)]) == 0
    text = page.read_text("utf-8")
    assert "| CLIP + MLP | 2103.00020 |" in text
    assert text.count("### ") == len(CONDITIONS)
    assert main(["report", "--results", str(raw), "--out", str(tmp_path / "again.md")]) == 0
    assert (tmp_path / "again.md").read_text("utf-8") == text
