import copy
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY
from tiny_tokens import COUNTS, make_split

from labelstream_training.catalogue import CatalogueError
from labelstream_training.compare import refine
from labelstream_training.compare.refine import (
    RefineConfig,
    Refinement,
    answer_distance,
    mix_pairs,
    prepare,
    read_refine_config,
    refine_head,
    refine_loss,
    stay_loss,
    turn_loss,
    wanted_of,
)
from labelstream_training.compare.teachers import Teachers
from labelstream_training.compare.token_set import TokenBatch
from labelstream_training.compare.trainer import plain_batch
from labelstream_training.heads import HEADS

TASKS = ("a", "b", "c", "d", "e", "f", "g")
CONFIG = RefineConfig(task="c", like=("a", "b"), steps=3, batch_size=16)
ROWS = np.arange(32)


@pytest.fixture
def work() -> Refinement:
    torch.manual_seed(1)
    data = make_split(64, 1)
    return prepare(HEADS["cma-clip"].make(TINY, COUNTS), data, TASKS, CONFIG, Teachers())


@pytest.fixture
def batch(work: Refinement) -> TokenBatch:
    return plain_batch(work.data, ROWS)


def test_the_same_answer_has_no_distance_and_another_one_has() -> None:
    sure, unsure = torch.tensor([[9.0, 0.0]]), torch.zeros(1, 2)
    assert float(answer_distance([sure], [sure.softmax(1)])) == pytest.approx(0.0, abs=1e-6)
    assert float(answer_distance([sure], [unsure.softmax(1)])) > 0.5


def test_a_head_that_did_not_change_stays_and_one_that_did_does_not(work: Refinement, batch: TokenBatch) -> None:
    flags, changed = (batch.has_image, batch.has_text), copy.deepcopy(work.before)
    wanted = wanted_of(work, batch, flags)
    assert float(stay_loss(work.before, batch, flags, wanted, 0.5)) == pytest.approx(0.0, abs=1e-5)
    changed.task_heads[1].bias += 2.0 * torch.randn(COUNTS[1])
    assert float(stay_loss(changed, batch, flags, wanted, 0.5)) > 0.05


def test_a_teacher_is_followed_by_its_share(work: Refinement, batch: TokenBatch) -> None:
    teacher = HEADS["image-only"].make(TINY, COUNTS).eval().requires_grad_(False)
    teacher.heads.tasks[1].bias += 2.0 * torch.randn(COUNTS[1])
    flags = (batch.has_image, torch.zeros_like(batch.has_text))
    own, theirs = (wanted_of(work, batch, flags, (teacher,), share).probabilities[1] for share in (0.0, 1.0))
    half = wanted_of(work, batch, flags, (teacher,), 0.5).probabilities[1]
    assert torch.allclose(half, (own + theirs) / 2)
    assert not torch.allclose(own, theirs, atol=0.01)


def test_turning_moves_the_task_in_question_and_no_other(work: Refinement, batch: TokenBatch) -> None:
    head = copy.deepcopy(work.before).requires_grad_(True)
    wanted = torch.full((len(ROWS), COUNTS[2]), 1.0 / COUNTS[2])
    turn_loss(head, batch, ROWS, wanted, work, np.random.default_rng(0)).backward()
    assert head.task_heads[2].weight.grad.abs().sum() > 0
    # Season and usage are not in question: a partner's words may well tell them.
    assert head.task_heads[3].weight.grad is None or head.task_heads[3].weight.grad.abs().sum() == 0


def test_turning_asks_for_the_answer_of_the_picture_alone(work: Refinement, batch: TokenBatch) -> None:
    alone = wanted_of(work, batch, (batch.has_image, torch.zeros_like(batch.has_text))).probabilities[2]
    near, far = (turn_loss(work.before, batch, ROWS, wanted, work, np.random.default_rng(0)) for wanted in (alone, alone.roll(1, dims=1)))
    assert float(near) < float(far)


def test_pictures_are_mixed_in_pairs_and_by_half_at_most() -> None:
    torch.manual_seed(0)
    image = torch.eye(40)[:, None].expand(-1, 3, -1)
    mixed = mix_pairs(image, 1.0)
    assert torch.allclose(mixed.sum(dim=2), torch.ones(40, 3))
    assert (mixed[:, 0].diagonal() >= 0.5).all()
    assert (mixed[:, 0].diagonal() < 1.0).float().mean() > 0.9
    assert torch.equal(mix_pairs(image, 0.0), image)


def test_the_loss_is_that_of_all_parts(work: Refinement) -> None:
    def loss_with(**changes: float) -> float:
        torch.manual_seed(3)
        changed = dataclasses.replace(work, config=dataclasses.replace(CONFIG, **changes))
        return float(refine_loss(head, ROWS, changed, np.random.default_rng(0)))

    head = copy.deepcopy(work.before)
    head.task_heads[2].bias += torch.randn(COUNTS[2])
    nothing = {"complete_weight": 0.0, "alone_weight": 0.0, "turn_weight": 0.0}
    parts = [loss_with(**{**nothing, name: value}) for name, value in dataclasses.asdict(CONFIG).items() if name in nothing]
    assert all(part > 0 for part in parts)
    assert loss_with() == pytest.approx(sum(parts), rel=1e-5)


def test_refining_is_repeatable_and_leaves_the_head_in_evaluation_mode() -> None:
    found = []
    for _ in range(2):
        torch.manual_seed(5)
        head = HEADS["cma-clip"].make(TINY, COUNTS)
        found.append(refine_head(head, prepare(head, make_split(64, 1), TASKS, CONFIG, Teachers()), lambda record: None))
    assert not found[0].training
    for ours, theirs in zip(found[0].parameters(), found[1].parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_complete_listings_are_also_seen_with_a_partners_picture(work: Refinement, monkeypatch: pytest.MonkeyPatch) -> None:
    def pictures_seen(share: float) -> list[torch.Tensor]:
        seen = []

        def keep(_head: object, batch: TokenBatch, *_others: object) -> torch.Tensor:
            seen.append(batch.image)
            return torch.zeros(())

        monkeypatch.setattr(refine, "stay_loss", keep)
        torch.manual_seed(3)
        config = dataclasses.replace(CONFIG, swapped_share=share, mixed_share=0.0)
        refine_loss(work.before, ROWS, dataclasses.replace(work, config=config), np.random.default_rng(0))
        return seen

    (own, alone, _), (others, still_alone, _) = pictures_seen(0.0), pictures_seen(1.0)
    assert torch.equal(own, alone)
    assert torch.equal(alone, still_alone)
    assert (own != others).flatten(1).any(dim=1).float().mean() > 0.5


def test_a_head_that_goes_on_from_another_one_stays_with_the_answers_of_the_first() -> None:
    torch.manual_seed(5)
    first, other = (HEADS["cma-clip"].make(TINY, COUNTS) for _ in range(2))
    work = prepare(first, make_split(64, 1), TASKS, dataclasses.replace(CONFIG, steps=0), Teachers())
    first.load_state_dict(other.state_dict())
    found = refine_head(first, work, lambda record: None)
    assert torch.equal(found.modality, other.modality)
    assert not torch.equal(work.before.modality, other.modality)


def test_settings_are_read_and_the_rest_keeps_its_defaults(tmp_path: Path) -> None:
    path = tmp_path / "refine.json"
    path.write_text('{"steps": 5, "like": ["a"]}', "utf-8")
    assert read_refine_config(path) == RefineConfig(steps=5, like=("a",))
    assert read_refine_config(None) == RefineConfig()


def test_a_setting_that_is_unknown_is_named(tmp_path: Path) -> None:
    path = tmp_path / "refine.json"
    path.write_text('{"trust_weight": 0.5}', "utf-8")
    with pytest.raises(CatalogueError, match="unknown settings: trust_weight; known are task, like, steps"):
        read_refine_config(path)
