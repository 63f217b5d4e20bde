"""A cheap look at accuracy while training: a slice of the validation rows, averaged weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .augment import resize_pictures
from .catalogue import UNLABELLED
from .config import Phase
from .dataset import Dataset, take
from .system import LabelSystem

ROWS = 1536
BATCH = 128


def accuracy_of(logits: list[Tensor], labels: Tensor, tasks: Sequence[str]) -> dict[str, float]:
    """Share of labelled rows that are right, per task."""
    result = {}
    for index, task in enumerate(tasks):
        known = labels[:, index] != UNLABELLED
        right = logits[index].argmax(dim=1)[known] == labels[known, index]
        result[task] = round(float(right.float().mean()), 4) if int(known.sum()) else float("nan")
    return result


@torch.no_grad()
def quick_check(system: LabelSystem, data: Dataset, phase: Phase) -> dict[str, dict[str, float]]:
    """Accuracy of the auxiliary heads and, once it is trained, of the fusion head per missing modality."""
    rows = np.linspace(0, len(data) - 1, min(ROWS, len(data))).astype(np.int64)
    found: dict[str, list[list[Tensor]]] = {}
    labels = []
    for start in range(0, len(rows), BATCH):
        batch = take(data, rows[start : start + BATCH])
        labels.append(batch.labels)
        pictures = resize_pictures(system.image.normalise(batch.pixels), phase.image_width, phase.image_height)
        image = system.image.tokens_of(pictures.contiguous(memory_format=torch.channels_last))
        text = system.text.tokens_of(batch.ids, batch.mask)
        found.setdefault("imageTower", []).append(system.split_tasks(system.auxiliary_image(image[:, 0])))
        found.setdefault("textTower", []).append(system.split_tasks(system.auxiliary_text(text[:, 0])))
        if phase.joint:
            one, zero = torch.ones(len(image)), torch.zeros(len(image))
            for name, flags in {"complete": (one, one), "imageMissing": (zero, one), "textMissing": (one, zero)}.items():
                found.setdefault(name, []).append(system.fuse(image, flags[0], text, batch.mask, flags[1])[0])
    truth = torch.cat(labels)
    return {
        name: accuracy_of([torch.cat(parts) for parts in zip(*batches, strict=True)], truth, data.tasks) for name, batches in found.items()
    }
