import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SHORT, TINY

from labelstream_training import train as training
from labelstream_training.checkpoint import NEWEST, load_checkpoint, mean_of, take_weights
from labelstream_training.config import Phase, TrainConfig, config_to_dict, model_config_from_dict, train_config_from_dict
from labelstream_training.dataset import BatchOrder
from labelstream_training.optimise import orthogonalise
from labelstream_training.schedule import Schedule
from labelstream_training.system import LabelSystem
from labelstream_training.train import Paths, train


def run_of(folder: Path, data: Path, stop_after: int | None = None, monkeypatch: pytest.MonkeyPatch | None = None) -> dict:
    """Trains into `folder`, optionally dying after some steps, and returns the final weights."""
    if stop_after is not None and monkeypatch is not None:
        real, count = training.train_step, [0]

        def dying_step(*arguments: object) -> float:
            if count[0] == stop_after:
                raise KeyboardInterrupt
            count[0] += 1
            return real(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(training, "train_step", dying_step)
            patch.setattr(training, "CHECKPOINT_EVERY_S", -1.0)
            with pytest.raises(KeyboardInterrupt):
                train(Paths([data], folder, folder / "cache"), TINY, SHORT)
    train(Paths([data], folder, folder / "cache"), TINY, SHORT)
    return load_checkpoint(folder / NEWEST)


def test_a_resumed_run_equals_an_uninterrupted_one(data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_of(tmp_path / "whole", data_folder)
    broken = run_of(tmp_path / "broken", data_folder, 5, monkeypatch)
    assert whole.step == broken.step == 8
    for name, value in whole.weights.items():
        assert torch.equal(value, broken.weights[name]), name
    for name, value in whole.average.items():
        assert torch.equal(value, broken.average[name]), name


def test_a_run_can_start_from_the_weights_of_another(data_folder: Path, tmp_path: Path) -> None:
    first = run_of(tmp_path / "first", data_folder)
    tokenizer = tmp_path / "first" / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text("utf-8") + " ", "utf-8")
    still = TrainConfig(phases=(Phase(1, 24, 32, True),), batch_size=8, rate=0.0, matrix_rate=0.0)
    train(Paths([data_folder], tmp_path / "second", tmp_path / "cache", tmp_path / "first" / NEWEST), TINY, still)
    second = load_checkpoint(tmp_path / "second" / NEWEST)
    assert second.step == 4
    assert (tmp_path / "second" / "tokenizer.json").read_bytes() == tokenizer.read_bytes()
    for name, value in first.weights.items():
        if "running" not in name and "tracked" not in name:
            assert torch.equal(value, second.weights[name]), name


def test_a_part_that_an_older_checkpoint_lacks_keeps_its_initial_values() -> None:
    torch.manual_seed(0)
    system = LabelSystem(TINY, [2, 3, 2, 2, 3, 1, 1])
    older = {name: torch.ones_like(value) for name, value in system.state_dict().items() if ".pairs." not in name}
    take_weights(system, older)
    assert not system.text.pairs.table.weight.any()
    assert system.text.embedding.weight.eq(1).all()
    with pytest.raises(RuntimeError, match=r"lacks: text\.third"):
        take_weights(system, {**older, "text.third": torch.ones(1)})
    with pytest.raises(RuntimeError, match="size mismatch"):
        take_weights(system, {**older, "text.widen.bias": torch.ones(3)})


def test_the_mean_of_runs_is_the_mean_of_their_averaged_weights(data_folder: Path, tmp_path: Path) -> None:
    first = run_of(tmp_path / "first", data_folder)
    second = dataclasses.replace(first, average={name: value + 1 for name, value in first.average.items()})
    mean = mean_of([first, second], [3, 1])
    for name, value in first.average.items():
        expected = value + 0.25 if value.dtype.is_floating_point else value + 1
        assert torch.allclose(mean.average[name], expected, atol=1e-6), name
    stranger = dataclasses.replace(first, settings={**first.settings, "labels": {}})
    with pytest.raises(RuntimeError, match="one label vocabulary"):
        mean_of([first, stranger], [1, 1])


def test_every_row_is_seen_once_an_epoch_whatever_the_step_order() -> None:
    order = BatchOrder(24, 8, seed=1)
    epoch = np.concatenate([order.rows_of(step) for step in (3, 4, 5)])
    assert sorted(epoch) == list(range(24))
    assert np.array_equal(BatchOrder(24, 8, seed=1).rows_of(4), order.rows_of(4))


def test_schedule_goes_through_the_phases_and_down_to_nothing() -> None:
    schedule = Schedule(SHORT, steps_per_epoch=10)
    assert schedule.total_steps == 20
    assert [schedule.phase_at(step).joint for step in (0, 9, 10, 19)] == [False, False, True, True]
    assert schedule.rate_factor(0) < schedule.rate_factor(2)
    assert schedule.rate_factor(19) < 0.01


def test_a_continued_schedule_starts_part_of_the_way_down() -> None:
    later = Schedule(TrainConfig(phases=SHORT.phases, schedule_start=0.5, warmup_steps=1), 10)
    assert later.rate_factor(0) == pytest.approx(0.5)


def test_the_average_forgets_the_untrained_head_when_it_joins() -> None:
    schedule = Schedule(SHORT, steps_per_epoch=1000)
    assert schedule.ema_decay(999) > 0.98
    assert schedule.ema_decay(1000) == pytest.approx(0.1)
    assert schedule.ema_decay(1999) > 0.98


def test_configurations_survive_json() -> None:
    assert model_config_from_dict(config_to_dict(TINY)) == TINY
    assert train_config_from_dict(config_to_dict(SHORT)) == SHORT


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)])
def test_orthogonalised_steps_have_singular_values_near_one(shape: tuple[int, int]) -> None:
    values = torch.linalg.svdvals(orthogonalise(torch.randn(shape, generator=torch.Generator().manual_seed(1))))
    assert values.min() > 0.5 and values.max() < 1.4


def test_a_frozen_image_tower_stays_as_it_is_while_text_and_head_learn(data_folder: Path, tmp_path: Path) -> None:
    first = run_of(tmp_path / "first", data_folder)
    frozen = dataclasses.replace(SHORT, freeze_image=True, phases=(Phase(1, TINY.image_width, TINY.image_height, True),))
    run = tmp_path / "frozen"
    run.mkdir()
    (run / "tokenizer.json").write_bytes((tmp_path / "first" / "tokenizer.json").read_bytes())
    train(Paths([data_folder], run, tmp_path / "cache", tmp_path / "first" / NEWEST), TINY, frozen)
    after = load_checkpoint(run / NEWEST).weights
    tower = [name for name in after if name.startswith(("image.stem.", "image.blocks."))]
    assert tower and all(torch.equal(after[name], first.weights[name]) for name in tower)
    assert any(not torch.equal(after[name], first.weights[name]) for name in after if name.startswith("text.blocks."))
