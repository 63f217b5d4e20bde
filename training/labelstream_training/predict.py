"""Runs a trained system over a dataset, once per missing modality."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from .dataset import Dataset, take
from .fusion_head import log_lead, sharpening
from .match import Pairs
from .system import LabelSystem

# Names as in the bundle manifest: which modalities the head may see.
PATTERNS = {"complete": (1.0, 1.0), "imageOnly": (1.0, 0.0), "textOnly": (0.0, 1.0)}
BATCH = 128


@dataclasses.dataclass
class Predictions:
    """`logits[pattern][task]` float32 [N, C], `weights[pattern]` float32 [N, T, 2], `truth` int64 [N, T]; `pairs` where the towers ran;
    `fused[pattern]` float32 [N, T, width], what the task heads read, where that was asked for.
    """

    logits: dict[str, dict[str, np.ndarray]]
    weights: dict[str, np.ndarray]
    truth: np.ndarray
    pairs: Pairs | None = None
    fused: dict[str, np.ndarray] | None = None

    @property
    def tasks(self) -> tuple[str, ...]:
        """In the order of the columns of `truth`."""
        return tuple(next(iter(self.logits.values())))

    @property
    def both(self) -> np.ndarray:
        """Rows in which the head weighed both modalities, bool [N]; all rows for a head that looks at one only."""
        both = (self.weights["complete"] > 0).all(axis=(1, 2))
        return both if both.any() else np.ones(len(both), dtype=bool)

    def rows(self, chosen: np.ndarray) -> Predictions:
        """Some rows, bool [N]."""
        return Predictions(
            logits={pattern: {task: scores[chosen] for task, scores in found.items()} for pattern, found in self.logits.items()},
            weights={pattern: shares[chosen] for pattern, shares in self.weights.items()},
            truth=self.truth[chosen],
            fused=self.fused and {pattern: vectors[chosen] for pattern, vectors in self.fused.items()},
        )

    def sharpened(self, sharpness: np.ndarray) -> Predictions:
        """As the head would have answered with this `sharpness` [T, width + 1]; `fused` has to be there."""
        logits = {
            pattern: {
                task: scores * sharpening_of(self.fused[pattern][:, index], scores, sharpness[index])
                for index, (task, scores) in enumerate(found.items())
            }
            for pattern, found in self.logits.items()
        }
        return dataclasses.replace(self, logits=logits)


def sharpening_of(fused: np.ndarray, logits: np.ndarray, sharpness: np.ndarray) -> np.ndarray:
    """`sharpening` of one task: [N, width], [N, C], [width + 1] → [N, 1]."""
    leads = log_lead(torch.from_numpy(logits))
    return sharpening(torch.from_numpy(fused)[:, None], leads[:, None], torch.from_numpy(sharpness)[None]).numpy()


@torch.no_grad()
def predict(system: LabelSystem, data: Dataset, keep_fused: bool = False) -> Predictions:
    """All patterns from one pass through the towers."""
    fused: dict[str, list[Tensor]] = {pattern: [] for pattern in PATTERNS}
    logits: dict[str, list[list[Tensor]]] = {pattern: [] for pattern in PATTERNS}
    weights: dict[str, list[Tensor]] = {pattern: [] for pattern in PATTERNS}
    embeddings: dict[str, list[Tensor]] = {"image": [], "text": []}
    for start in range(0, len(data), BATCH):
        batch = take(data, np.arange(start, min(start + BATCH, len(data))))
        image, image_embedding = system.image(batch.pixels)  # [B, Ni, width]
        text, text_embedding = system.text(batch.ids, batch.mask)  # [B, L, width]
        embeddings["image"].append(image_embedding)
        embeddings["text"].append(text_embedding)
        for pattern, (image_flag, text_flag) in PATTERNS.items():
            inputs = system.head_inputs(image, batch.has_image * image_flag, text, batch.mask, batch.has_text * text_flag)
            vectors, shares, _ = system.fusion.task_vectors(*inputs)
            if keep_fused:
                fused[pattern].append(vectors[:, :-1])
            logits[pattern].append(system.fusion.logits_of(vectors))
            weights[pattern].append(shares[:, :-1])
    return Predictions(
        logits={
            pattern: {task: torch.cat([scores[index] for scores in batches]).numpy() for index, task in enumerate(data.tasks)}
            for pattern, batches in logits.items()
        },
        weights={pattern: torch.cat(batches).numpy() for pattern, batches in weights.items()},
        truth=data.labels.numpy(),
        fused={pattern: torch.cat(vectors).numpy() for pattern, vectors in fused.items()} if keep_fused else None,
        pairs=Pairs(
            image=torch.cat(embeddings["image"]).numpy(),
            text=torch.cat(embeddings["text"]).numpy(),
            both=(data.has_image * data.has_text).numpy() > 0,
            groups=data.text_group.numpy(),
        ),
    )
