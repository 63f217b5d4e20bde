from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY
from tiny_tokens import COUNTS, make_split

from labelstream_training.catalogue import CatalogueError
from labelstream_training.compare.teachers import read_teachers, taught
from labelstream_training.compare.token_set import run_head
from labelstream_training.compare.trainer import plain_batch
from labelstream_training.heads import HEADS


def stored(folder: Path, kind: str, seed: int) -> Path:
    torch.manual_seed(seed)
    path = folder / f"{kind}.{seed}.pt"
    torch.save({"head": kind, "weights": HEADS[kind].make(TINY, COUNTS).state_dict()}, path)
    return path


def test_teachers_are_told_apart_by_what_they_see(tmp_path: Path) -> None:
    paths = [stored(tmp_path, kind, seed) for kind in ("image-only", "text-only") for seed in (1, 2)]
    teachers = read_teachers(paths[:3], TINY, COUNTS)
    assert (len(teachers.image), len(teachers.text)) == (2, 1)
    assert not any(weight.requires_grad for weight in teachers.image[0].parameters())


def test_a_head_that_sees_both_is_no_teacher(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="is a cma-clip; teachers are image-only and text-only"):
        read_teachers([stored(tmp_path, "cma-clip", 1)], TINY, COUNTS)


def test_teachers_of_other_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="another architecture"):
        read_teachers([stored(tmp_path, "image-only", 1)], TINY, [count + 1 for count in COUNTS])


def test_the_mean_of_the_teachers_counts_as_much_as_its_share(tmp_path: Path) -> None:
    batch = plain_batch(make_split(8, 1), np.arange(8))
    flags = (batch.has_image, torch.zeros(8))
    image = read_teachers([stored(tmp_path, "image-only", seed) for seed in (1, 2)], TINY, COUNTS).image
    own = [torch.randn(8, count) for count in COUNTS]
    mean = sum(run_head(teacher, batch, *flags)[0][1].softmax(dim=1) for teacher in image) / 2
    wanted = taught(own, image, 0.75, batch, flags)[1]
    assert torch.allclose(wanted, 0.25 * own[1].softmax(dim=1) + 0.75 * mean, atol=1e-6)
    assert torch.equal(taught(own, (), 0.75, batch, flags)[1], own[1].softmax(dim=1))
