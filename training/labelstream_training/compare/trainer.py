"""Trains one head over frozen token sequences; a run that was stopped goes on from its last checkpoint."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ..catalogue import UNLABELLED
from ..dataset import BatchOrder
from ..heads import HeadKind
from ..optimise import Muon, remember_rates, step_all
from ..schedule import short_memory, warm_cosine
from .objective import draw_batch, loss_of
from .settings import CompareConfig
from .token_set import TokenBatch, Tokens, TokenSet, run_head, take_images, take_texts
from .views import PLAIN

SAVE_EVERY_S = 60.0
LOG_EVERY_STEPS = 25
EVALUATION_BATCH = 128
# Complete, only the image, only the text.
FLAGS = ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0))
Report = Callable[[dict], None]


class Budget(Protocol):
    """The part of a configuration that `run_course` and `update` read; that of heads and of captions both have it."""

    steps: int
    batch_size: int
    matrix_rate: float
    rate: float
    warmup_steps: int
    matrix_decay: float
    decay: float
    clip_norm: float
    ema_decay: float
    checks: int


@dataclasses.dataclass
class HeadTrainer:
    """All mutable state of one run. `best` are the averaged weights of the best look at the validation rows."""

    head: nn.Module
    average: nn.Module
    optimisers: list[torch.optim.Optimizer]
    step: int = 0
    best: dict | None = None
    best_score: float = -1.0
    looks: list[dict] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    def save(self, path: Path) -> None:
        """Writes atomically."""
        state = {name: getattr(self, name) for name in ("step", "best", "best_score", "looks", "seconds")}
        parts = {"head": self.head.state_dict(), "average": self.average.state_dict()}
        partial = path.with_suffix(".partial")
        torch.save({**state, **parts, "optimisers": [item.state_dict() for item in self.optimisers]}, partial)
        os.replace(partial, path)

    def load(self, path: Path) -> None:
        """Inverse of `save`."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.head.load_state_dict(state.pop("head"))
        self.average.load_state_dict(state.pop("average"))
        for optimiser, kept in zip(self.optimisers, state.pop("optimisers"), strict=True):
            optimiser.load_state_dict(kept)
        for name, value in state.items():
            setattr(self, name, value)


def is_inner_matrix(name: str, weight: Tensor) -> bool:
    """Weights for Muon: all matrices but the last layers (classes, embedding) and the learned vectors, whatever the head."""
    last = ("task_heads.", "heads.tasks.", "classifier.", "projection.", "heads.projection.")
    return weight.ndim == 2 and name.endswith(".weight") and not name.startswith(last)


def make_optimisers(
    head: nn.Module, config: Budget, is_inner: Callable[[str, Tensor], bool] = is_inner_matrix
) -> list[torch.optim.Optimizer]:
    """Muon for the inner matrices, AdamW for the rest, without decay for vectors."""
    named = list(head.named_parameters())
    inner = [weight for pair in named if is_inner(*pair) for weight in pair[1:]]
    others = [weight for pair in named if not is_inner(*pair) for weight in pair[1:]]
    groups = [
        {"params": [weight for weight in others if weight.ndim >= 2], "weight_decay": config.decay},
        {"params": [weight for weight in others if weight.ndim < 2], "weight_decay": 0.0},
    ]
    adam = torch.optim.AdamW(groups, lr=config.rate, betas=(0.9, 0.98), fused=True)
    muon = [Muon(inner, config.matrix_rate, config.matrix_decay, map)] if inner else []
    remember_rates((*muon, adam))
    return [*muon, adam]


def rate_factor(step: int, config: Budget) -> float:
    """Linear warm-up, then a half cosine to 0."""
    return warm_cosine(step, config.warmup_steps, step / config.steps)


def update(trainer: HeadTrainer, loss: Tensor, config: Budget) -> None:
    """One step of the optimisers against `loss`, then of the averaged weights."""
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trainer.head.parameters(), config.clip_norm)
    step_all(trainer.optimisers, rate_factor(trainer.step, config))
    decay = short_memory(trainer.step, config.ema_decay)
    with torch.no_grad():
        for kept, now in zip(trainer.average.parameters(), trainer.head.parameters(), strict=True):
            kept.lerp_(now, 1.0 - decay)
    trainer.step += 1


def keep_best(trainer: HeadTrainer, found: dict) -> dict:
    """Notes a look at the validation rows, and the averaged weights if its `score` is the best so far. Returns the look."""
    trainer.looks.append(found)
    if found["score"] > trainer.best_score:
        trainer.best_score, trainer.best = found["score"], copy.deepcopy(trainer.average.state_dict())
    return found


def train_step(trainer: HeadTrainer, tokens: Tokens, rows: np.ndarray, kind: HeadKind, config: CompareConfig) -> float:
    """One update; PyTorch's generator has been seeded for this step."""
    batch = draw_batch(tokens.train, rows, config, kind.sees)
    loss = loss_of(trainer.head, batch, config, torch.tensor(tokens.scale))
    update(trainer, loss, config)
    return float(loss.detach())


def plain_batch(data: TokenSet, rows: np.ndarray, picture: str = PLAIN, text: str = PLAIN) -> TokenBatch:
    """Rows as two views have them."""
    tokens, mask, present = take_texts(data.texts[text], rows)
    return TokenBatch(take_images(data.images[picture], rows), data.has_image[torch.from_numpy(rows)], tokens, mask, present)


@torch.no_grad()
def look(head: nn.Module, val: TokenSet, kind: HeadKind, rows: int) -> dict[str, float]:
    """Mean accuracy over the tasks on some validation rows, wherever the head has something to see; `score` is their mean."""
    chosen = np.linspace(0, len(val) - 1, min(rows, len(val))).astype(np.int64)
    labels = val.labels[torch.from_numpy(chosen)]
    found = {}
    for name, (image_flag, text_flag) in zip(("complete", "textMissing", "imageMissing"), FLAGS, strict=True):
        if image_flag * kind.sees[0] + text_flag * kind.sees[1] == 0:
            continue
        parts = []
        for start in range(0, len(chosen), EVALUATION_BATCH):
            batch = plain_batch(val, chosen[start : start + EVALUATION_BATCH])
            parts.append(run_head(head, batch, batch.has_image * image_flag, batch.has_text * text_flag)[0])
        found[name] = mean_accuracy([torch.cat(scores) for scores in zip(*parts, strict=True)], labels)
    return {**found, "score": sum(found.values()) / len(found)}


def mean_accuracy(logits: list[Tensor], labels: Tensor) -> float:
    """Mean over the tasks of the share of labelled rows that are right."""
    shares = []
    for index, scores in enumerate(logits):
        known = labels[:, index] != UNLABELLED
        if int(known.sum()):
            shares.append(float((scores.argmax(dim=1) == labels[:, index])[known].float().mean()))
    return sum(shares) / len(shares)


def check(trainer: HeadTrainer, val: TokenSet, kind: HeadKind, config: CompareConfig) -> dict:
    """Looks at the validation rows and keeps the weights if they are the best so far."""
    return keep_best(trainer, {"step": trainer.step, **look(trainer.average.eval(), val, kind, config.check_rows)})


@dataclasses.dataclass(frozen=True)
class Course:
    """What `run_course` calls: a step on some rows, which returns its losses; a look at validation rows; losses [steps, n] for the log."""

    rows: int
    step: Callable[[np.ndarray], tuple[float, ...]]
    look: Callable[[], dict]
    describe: Callable[[np.ndarray], dict]


def run_course(trainer: HeadTrainer, course: Course, config: Budget, seed: int, run: Path, report: Report) -> HeadTrainer:
    """Trains to the end of the budget; `run` keeps a checkpoint. All randomness comes from (seed, step)."""
    run.mkdir(parents=True, exist_ok=True)
    newest = run / "newest.pt"
    if newest.is_file():
        trainer.load(newest)
    order = BatchOrder(course.rows, config.batch_size, seed)
    check_steps = {round(config.steps * number / config.checks) for number in range(1, config.checks + 1)}
    saved, before, losses = time.monotonic(), time.monotonic() - trainer.seconds, []
    while trainer.step < config.steps:
        torch.manual_seed(seed * 1_000_003 + trainer.step)
        losses.append(course.step(order.rows_of(trainer.step)))
        trainer.seconds = time.monotonic() - before
        if trainer.step in check_steps:
            report({"check": course.look()})
        if trainer.step % LOG_EVERY_STEPS == 0:
            speed = round(trainer.step * order.batch_size / trainer.seconds, 1)
            report({"step": trainer.step, "of": config.steps, **course.describe(np.array(losses)), "listingsPerSecond": speed})
            losses = []
        if time.monotonic() - saved > SAVE_EVERY_S or trainer.step == config.steps:
            trainer.save(newest)
            saved = time.monotonic()
    return trainer


def train_head(kind: HeadKind, head: nn.Module, tokens: Tokens, config: CompareConfig, seed: int, run: Path, report: Report) -> HeadTrainer:
    """Trains a head with the comparison's losses, see `run_course`."""
    average = copy.deepcopy(head).eval().requires_grad_(False)
    trainer = HeadTrainer(head.train(), average, make_optimisers(head, config))
    course = Course(
        rows=len(tokens.train),
        step=lambda rows: (train_step(trainer, tokens, rows, kind, config),),
        look=lambda: check(trainer, tokens.val, kind, config),
        describe=lambda losses: {"loss": round(float(losses.mean()), 4)},
    )
    return run_course(trainer, course, config, seed, run, report)


def append_line(path: Path, record: dict) -> None:
    """One JSON line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
