import copy
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY
from tiny_tokens import COUNTS, make_split

from labelstream_training.compare.refine import (
    RefineConfig,
    Refinement,
    answer_distance,
    prepare,
    read_refine_config,
    refine_head,
    stay_loss,
    trust_loss,
    turn_loss,
)
from labelstream_training.compare.teachers import Teachers
from labelstream_training.compare.trainer import plain_batch
from labelstream_training.heads import HEADS

TASKS = ("a", "b", "c", "d", "e", "f", "g")
CONFIG = RefineConfig(task="c", like=("a", "b"), steps=3, batch_size=16, swapped_rows=8)
ROWS = np.arange(32)


@pytest.fixture
def work() -> Refinement:
    torch.manual_seed(1)
    data = make_split(64, 1)
    return prepare(HEADS["cma-clip"].make(TINY, COUNTS), data, TASKS, CONFIG, Teachers())


def test_the_same_answer_has_no_distance_and_another_one_has() -> None:
    sure, unsure = torch.tensor([[9.0, 0.0]]), torch.zeros(1, 2)
    assert float(answer_distance([sure], [sure.softmax(1)])) == pytest.approx(0.0, abs=1e-6)
    assert float(answer_distance([sure], [unsure.softmax(1)])) > 0.5


def test_a_head_that_did_not_change_stays_and_one_that_did_does_not(work: Refinement) -> None:
    batch, changed = plain_batch(work.data, ROWS), copy.deepcopy(work.before)
    assert float(stay_loss(work.before, batch, work)) == pytest.approx(0.0, abs=1e-5)
    changed.task_heads[1].bias += 2.0 * torch.randn(COUNTS[1])
    assert float(stay_loss(changed, batch, work)) > 0.05


def test_a_teacher_is_followed_where_it_is_alone_with_its_modality(work: Refinement) -> None:
    teacher = HEADS["image-only"].make(TINY, COUNTS).eval().requires_grad_(False)
    teacher.heads.tasks[1].bias += 2.0 * torch.randn(COUNTS[1])
    taught = dataclasses.replace(work, teachers=Teachers(image=(teacher,)))
    assert float(stay_loss(work.before, plain_batch(work.data, ROWS), taught)) > 0.05


def test_turning_asks_for_the_labels_of_the_picture(work: Refinement) -> None:
    head, batch = copy.deepcopy(work.before).requires_grad_(True), plain_batch(work.data, ROWS)
    turn_loss(head, batch, ROWS, work, np.random.default_rng(0)).backward()
    assert head.task_heads[2].weight.grad.abs().sum() > 0
    # Season and usage are not in question: a partner's words may well tell them.
    assert head.task_heads[3].weight.grad is None or head.task_heads[3].weight.grad.abs().sum() == 0


def test_trust_counts_only_titles_that_name_the_label(work: Refinement) -> None:
    batch, silent = plain_batch(work.data, ROWS), dataclasses.replace(work.data, named=np.zeros((64, 7), dtype=bool))
    assert float(trust_loss(work.before, batch, ROWS, work, np.random.default_rng(0))) > 0
    assert float(trust_loss(work.before, batch, ROWS, dataclasses.replace(work, data=silent), np.random.default_rng(0))) == 0.0


def test_refining_is_repeatable_and_leaves_the_head_in_evaluation_mode() -> None:
    found = []
    for _ in range(2):
        torch.manual_seed(5)
        head = HEADS["cma-clip"].make(TINY, COUNTS)
        found.append(refine_head(head, prepare(head, make_split(64, 1), TASKS, CONFIG, Teachers()), lambda record: None))
    assert not found[0].training
    for ours, theirs in zip(found[0].parameters(), found[1].parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_settings_are_read_and_the_rest_keeps_its_defaults(tmp_path: Path) -> None:
    path = tmp_path / "refine.json"
    path.write_text('{"steps": 5, "like": ["a"]}', "utf-8")
    assert read_refine_config(path) == RefineConfig(steps=5, like=("a",))
    assert read_refine_config(None) == RefineConfig()
