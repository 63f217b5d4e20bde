import dataclasses
from pathlib import Path

import pytest
import torch
from conftest import TINY
from tiny_tokens import COUNTS, make_tokens

from labelstream_training.compare.settings import CompareConfig, read_compare_config
from labelstream_training.compare.trainer import is_inner_matrix, make_optimisers, mean_accuracy, rate_factor, train_head
from labelstream_training.heads import HEADS

CONFIG = CompareConfig(steps=30, batch_size=16, warmup_steps=3, checks=3, check_rows=40, ema_decay=0.8)


def train(name: str, run: Path, config: CompareConfig = CONFIG, stop_at: int | None = None) -> tuple[dict, list[dict]]:
    torch.manual_seed(5)
    lines: list[dict] = []

    def report(line: dict) -> None:
        lines.append(line)
        if stop_at is not None and line.get("check", {}).get("step") == stop_at:
            raise KeyboardInterrupt

    head = HEADS[name].make(TINY, COUNTS)
    trainer = train_head(HEADS[name], head, make_tokens(), config, 5, run, report)
    return trainer.best, lines


def test_a_head_learns_and_reports_as_it_goes(tmp_path: Path) -> None:
    _, lines = train("clip-mlp", tmp_path)
    checks = [line["check"] for line in lines if "check" in line]
    assert [check["step"] for check in checks] == [10, 20, 30]
    assert checks[-1]["score"] > checks[0]["score"]
    # Chance over the tasks is 0.6.
    assert checks[-1]["score"] > 0.75
    assert any(line.get("of") == 30 for line in lines)


def test_heads_of_one_modality_are_judged_by_what_they_see(tmp_path: Path) -> None:
    _, lines = train("image-only", tmp_path)
    last = [line["check"] for line in lines if "check" in line][-1]
    assert set(last) == {"step", "complete", "textMissing", "score"}


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = train("embracenet", tmp_path / "whole")
    monkeypatch.setattr("labelstream_training.compare.trainer.SAVE_EVERY_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        train("embracenet", tmp_path / "halves", stop_at=20)
    again, lines = train("embracenet", tmp_path / "halves")
    assert [line["check"]["step"] for line in lines if "check" in line] == [20, 30]
    for name, value in whole.items():
        assert torch.equal(value, again[name]), name


def test_the_same_optimiser_for_every_head() -> None:
    for kind in HEADS.values():
        head = kind.make(TINY, COUNTS)
        optimisers = make_optimisers(head, CONFIG)
        found = [weight for optimiser in optimisers for group in optimiser.param_groups for weight in group["params"]]
        assert sorted(map(id, found)) == sorted(id(weight) for weight in head.parameters())
        inner = [name for name, weight in head.named_parameters() if is_inner_matrix(name, weight)]
        assert not any("tasks." in name or "task_heads." in name or "projection." in name for name in inner)


def test_rate_rises_and_falls_to_nothing() -> None:
    assert rate_factor(0, CONFIG) < rate_factor(3, CONFIG)
    assert rate_factor(29, CONFIG) < 0.01


def test_unlabelled_rows_do_not_count() -> None:
    logits = [torch.tensor([[2.0, 0.0], [2.0, 0.0], [2.0, 0.0]])]
    assert mean_accuracy(logits, torch.tensor([[0], [-1], [1]])) == 0.5


def test_settings_come_from_json(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"steps": 7, "label_words_share": 0.5}', "utf-8")
    assert read_compare_config(path) == dataclasses.replace(CompareConfig(), steps=7, label_words_share=0.5)
    assert read_compare_config(None) == CompareConfig()
