"""Teaches a head which modality to believe where the two do not say the same, and lets it answer as before everywhere else.

Towers know the train titles by heart: over their tokens, a head learns to believe a title even where the title does not name what is
asked for, and on new titles it is wrong. Three losses, over frozen token sequences:

- *stay*: the head's own answers before, for the complete listing and for either modality alone, where teachers may join in;
- *turn*: with the words of a listing that is like it in all but the task in question, the picture is what tells the label, all the more
  where these words name another one;
- *trust*: where the title names the label and the picture is that of another such listing, the title is what tells it.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..catalogue import UNLABELLED
from ..checkpoint import load_checkpoint
from ..config import model_config_from_dict
from ..heads import HEADS
from ..heads.common import Outputs
from ..losses import task_loss
from .adopt import require_tokens_of
from .partners import Partners
from .settings import CompareConfig
from .teachers import Teachers, read_teachers, taught
from .token_set import TokenBatch, TokenSet, join_views, open_meta, open_split, random_pictures, run_head, take_texts
from .trainer import LOG_EVERY_STEPS, HeadTrainer, make_optimisers, update
from .views import FEW_WORDS, PLAIN, WITHOUT_LABEL_WORDS


@dataclasses.dataclass(frozen=True)
class RefineConfig:
    """How a head is refined. `task` is the task in question, `like` what partners have in common."""

    task: str = "baseColour"
    like: tuple[str, ...] = ("gender", "articleType")
    steps: int = 600
    batch_size: int = 56
    swapped_rows: int = 32
    stay_weight: float = 1.5
    # Of the complete listing and of either modality alone, within `stay`.
    complete_weight: float = 4.0
    alone_weight: float = 2.0
    turn_weight: float = 2.5
    trust_weight: float = 2.5
    # What counts of the teachers' answers; the rest is the head's own before.
    image_teacher_share: float = 0.8
    text_teacher_share: float = 0.3
    # Of the partners: titles that name another label once the words of their own are out.
    misnaming_share: float = 0.5
    # Of the partners' titles; the rest only lack their label words.
    few_words_share: float = 0.3
    label_smoothing: float = 0.05
    matrix_rate: float = 3e-3
    rate: float = 5e-4
    warmup_steps: int = 10
    ema_decay: float = 0.97
    seed: int = 1


def read_refine_config(path: Path | None) -> RefineConfig:
    """Reads a JSON object of fields; unnamed ones keep their defaults."""
    fields = json.loads(path.read_text("utf-8")) if path else {}
    return RefineConfig(**{**fields, **({"like": tuple(fields["like"])} if "like" in fields else {})})


@dataclasses.dataclass
class Refinement:
    """The data, the head as it was, and who is whose partner; `asked` are the places of the task in question and of `like`."""

    data: TokenSet
    config: RefineConfig
    before: nn.Module
    teachers: Teachers
    partners: Partners
    misnaming: Partners
    task: int
    asked: tuple[int, ...]


def answer_distance(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Mean divergence of logits [B, C] per task from the wanted probabilities [B, C] → scalar."""
    parts = [F.kl_div(ours.log_softmax(1), theirs, reduction="batchmean") for ours, theirs in zip(found, wanted, strict=True)]
    return torch.stack(parts).mean()


def stay_loss(head: nn.Module, batch: TokenBatch, work: Refinement) -> Tensor:
    """How far answers and fused embeddings are from what they were, or from what the teachers say, whatever is missing."""
    nothing, total, config = torch.zeros_like(batch.has_image), torch.zeros(()), work.config
    for weight, flags, teachers, share in (
        (config.complete_weight, (batch.has_image, batch.has_text), (), 0.0),
        (config.alone_weight, (batch.has_image, nothing), work.teachers.image, config.image_teacher_share),
        (config.alone_weight, (nothing, batch.has_text), work.teachers.text, config.text_teacher_share),
    ):
        logits, _, embedding = run_head(head, batch, *flags)
        before, _, target = unchanged(work.before, batch, *flags)
        wanted = taught(before, teachers, share, batch, flags)
        total = total + weight * answer_distance(logits, wanted) + 0.5 * (1.0 - (embedding * target).sum(dim=1)).mean()
    return total


@torch.no_grad()
def unchanged(before: nn.Module, batch: TokenBatch, has_image: Tensor, has_text: Tensor) -> Outputs:
    """The answer of the head as it was."""
    return run_head(before, batch, has_image, has_text)


def turn_loss(head: nn.Module, batch: TokenBatch, rows: np.ndarray, work: Refinement, random: np.random.Generator) -> Tensor:
    """The picture with a partner's words, without those that name labels; the labels asked for are those of the picture."""
    misnaming = random.random(len(rows)) < work.config.misnaming_share
    partner = np.where(misnaming, work.misnaming.of(rows, random), work.partners.of(rows, random))
    views = [take_texts(work.data.texts[view], partner) for view in (WITHOUT_LABEL_WORDS, FEW_WORDS)]
    few = torch.from_numpy(random.random(len(rows)) < work.config.few_words_share).long()
    text, mask, present = join_views(views, few)
    turned = TokenBatch(batch.image, batch.has_image, text, mask, present)
    logits, _, _ = run_head(head, turned, batch.has_image, present)
    truth = work.data.labels[torch.from_numpy(rows)]
    labels = torch.full_like(truth, UNLABELLED)
    labels[:, work.asked] = truth[:, work.asked]
    return task_loss(logits, labels, torch.ones(len(rows)), work.config.label_smoothing)


def trust_loss(head: nn.Module, batch: TokenBatch, rows: np.ndarray, work: Refinement, random: np.random.Generator) -> Tensor:
    """Titles that name the label with a partner's picture; the answer is that of the title alone. 0 where no title names it."""
    named = np.flatnonzero(work.data.named[rows, work.task])[: work.config.swapped_rows]
    if not len(named):
        return torch.zeros(())
    places, partner = torch.from_numpy(named), work.partners.of(rows[named], random)
    has_image, has_text = work.data.has_image[torch.from_numpy(partner)], batch.has_text[places]
    swapped = TokenBatch(random_pictures(work.data, partner), has_image, batch.text[places], batch.text_mask[places], has_text)
    logits, _, _ = run_head(head, swapped, has_image, has_text)
    wanted, _, _ = unchanged(work.before, swapped, torch.zeros_like(has_image), has_text)
    return answer_distance([logits[task] for task in work.asked], [wanted[task].softmax(dim=1) for task in work.asked])


def refine_loss(head: nn.Module, rows: np.ndarray, work: Refinement, random: np.random.Generator) -> Tensor:
    """All three, over rows that have both modalities."""
    config, data = work.config, work.data
    text, mask, present = take_texts(data.texts[PLAIN], rows)
    batch = TokenBatch(random_pictures(data, rows), data.has_image[torch.from_numpy(rows)], text, mask, present)
    loss = config.stay_weight * stay_loss(head, batch, work)
    loss = loss + config.turn_weight * turn_loss(head, batch, rows, work, random)
    return loss + config.trust_weight * trust_loss(head, batch, rows, work, random)


def prepare(head: nn.Module, data: TokenSet, tasks: Sequence[str], config: RefineConfig, teachers: Teachers) -> Refinement:
    """Who is whose partner, and the head as it is."""
    like, task = [tasks.index(name) for name in config.like], tasks.index(config.task)
    labels = data.labels[:, like].numpy()
    before = copy.deepcopy(head).eval().requires_grad_(False)
    asked = (task, *like)
    return Refinement(data, config, before, teachers, Partners(labels), Partners(labels, data.misnaming[:, task]), task, asked)


def refine_head(head: nn.Module, work: Refinement, report: Callable[[dict], None]) -> nn.Module:
    """Refines `head` in place and returns its averaged weights as a head. All randomness comes from (seed, step)."""
    config, data, average = work.config, work.data, copy.deepcopy(work.before)
    budget = CompareConfig(
        steps=config.steps,
        matrix_rate=config.matrix_rate,
        rate=config.rate,
        warmup_steps=config.warmup_steps,
        matrix_decay=0.0,
        decay=0.0,
        ema_decay=config.ema_decay,
    )
    trainer = HeadTrainer(head.train(), average, make_optimisers(head, budget))
    both = np.flatnonzero((data.has_image * data.texts[PLAIN].present).numpy())
    while trainer.step < config.steps:
        torch.manual_seed(config.seed * 1_000_003 + trainer.step)
        random = np.random.default_rng((config.seed, trainer.step))
        loss = refine_loss(head, random.choice(both, min(config.batch_size, len(both)), replace=False), work, random)
        update(trainer, loss, budget)
        if trainer.step % LOG_EVERY_STEPS == 0:
            report({"step": trainer.step, "of": config.steps, "loss": round(float(loss.detach()), 4)})
    return average


def refine_checkpoint(checkpoint: Path, tokens: Path, config: RefineConfig, teachers: Sequence[Path], target: Path) -> None:
    """Refines the checkpoint's averaged head over its tokens and writes it as `compare` writes one. Raises CatalogueError."""
    require_tokens_of(checkpoint, tokens)
    meta = open_meta(tokens)
    model, counts = model_config_from_dict(meta["model"]), [len(names) for names in meta["labels"].values()]
    head = HEADS["cma-clip"].make(model, counts)
    head.load_state_dict(load_checkpoint(checkpoint).head())
    work = prepare(head, open_split(tokens, "train"), list(meta["labels"]), config, read_teachers(teachers, model, counts))
    refined = refine_head(head, work, lambda record: print(json.dumps(record), flush=True))
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"head": "cma-clip", "weights": refined.state_dict()}, target)
