"""Teaches a head which modality to believe where the two do not say the same, and lets it answer as before everywhere else.

Towers know the train titles by heart: over their tokens, a head learns to believe a title even where the title does not name what is
asked for, and on new titles it is wrong. Two losses, over frozen token sequences:

- *stay*: of the complete listing the head's own answers before, and of either modality alone what teachers say of it (its own answers,
  where nobody teaches). The towers know the train pictures by heart as well, so that nothing is left open there that could be learned, and
  no picture contradicts its title: pictures are mixed in pairs (after "Knowledge distillation: a good teacher is patient and consistent",
  arXiv 2106.05237), complete listings get a partner's picture now and then, and a share of the titles has lost most of its words;
- *turn*: with the words of a listing that is like it in all but the task in question, less those that name its own labels, the answer is
  that of the picture alone, all the more where these words name another label.
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

from ..checkpoint import HEAD_KIND, load_checkpoint
from ..config import model_config_from_dict, read_fields
from ..heads import HEADS
from .adopt import require_tokens_of
from .partners import Partners
from .settings import CompareConfig
from .stored_head import fit_weights, require_kind
from .teachers import Teachers, read_teachers, taught
from .token_set import TokenBatch, TokenSet, join_views, open_meta, open_split, random_pictures, run_head, take_texts
from .trainer import LOG_EVERY_STEPS, HeadTrainer, make_optimisers, update
from .views import FEW_WORDS, PLAIN, WITHOUT_LABEL_WORDS


@dataclasses.dataclass(frozen=True)
class RefineConfig:
    """How a head is refined. `task` is the task in question, `like` what partners have in common."""

    task: str = "baseColour"
    like: tuple[str, ...] = ("gender", "articleType")
    steps: int = 360
    batch_size: int = 56
    # Of the complete listing, of either modality alone, and of the fused embedding, within `stay`.
    complete_weight: float = 10.0
    alone_weight: float = 7.0
    embedding_weight: float = 0.1
    turn_weight: float = 4.0
    # What counts of the teachers' answers; the rest is the head's own before.
    image_teacher_share: float = 0.75
    text_teacher_share: float = 0.8
    # Of the pictures: mixed with another one of the batch; and of those of complete listings: a partner's.
    mixed_share: float = 0.6
    swapped_share: float = 0.25
    # Of the titles that are seen alone: with few words left.
    few_alone_share: float = 0.4
    # Of the partners: the listing itself, and of the others titles that name another label once the words of their own are out.
    own_share: float = 0.25
    misnaming_share: float = 0.5
    # Of the partners' titles; the rest only lack their label words.
    few_words_share: float = 0.3
    matrix_rate: float = 3e-3
    rate: float = 5e-4
    warmup_steps: int = 10
    ema_decay: float = 0.97
    seed: int = 1


def read_refine_config(path: Path | None) -> RefineConfig:
    """Reads a JSON object of fields; unnamed ones keep their defaults. Raises CatalogueError, see `read_fields`."""
    fields = read_fields(path, RefineConfig)
    return RefineConfig(**{**fields, **({"like": tuple(fields["like"])} if "like" in fields else {})})


@dataclasses.dataclass
class Refinement:
    """The data, the head as it was, and who is whose partner; `task` is the place of the task in question."""

    data: TokenSet
    config: RefineConfig
    before: nn.Module
    teachers: Teachers
    partners: Partners
    misnaming: Partners
    task: int


@dataclasses.dataclass
class Wanted:
    """What a head is to say: probabilities [B, C] per task and the fused embedding [B, E]."""

    probabilities: list[Tensor]
    embedding: Tensor


Flags = tuple[Tensor, Tensor]


def answer_distance(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Mean divergence of logits [B, C] per task from the wanted probabilities [B, C] → scalar."""
    parts = [F.kl_div(ours.log_softmax(1), theirs, reduction="batchmean") for ours, theirs in zip(found, wanted, strict=True)]
    return torch.stack(parts).mean()


@torch.no_grad()
def wanted_of(work: Refinement, batch: TokenBatch, flags: Flags, teachers: Sequence[nn.Module] = (), share: float = 0.0) -> Wanted:
    """The answer of the head as it was, with a `share` of what teachers say."""
    before, _, embedding = run_head(work.before, batch, *flags)
    return Wanted(taught(before, teachers, share, batch, flags), embedding)


def stay_loss(head: nn.Module, batch: TokenBatch, flags: Flags, wanted: Wanted, embedding_weight: float) -> Tensor:
    """How far answers and fused embeddings are from the wanted ones, with the modalities that `flags` leave."""
    logits, _, embedding = run_head(head, batch, *flags)
    away = (1.0 - (embedding * wanted.embedding).sum(dim=1)).mean()
    return answer_distance(logits, wanted.probabilities) + embedding_weight * away


def turn_loss(
    head: nn.Module, pictures: TokenBatch, rows: np.ndarray, wanted: Tensor, work: Refinement, random: np.random.Generator
) -> Tensor:
    """The pictures with partners' words, without those that name labels: the task in question is to be answered as `wanted` [B, C]."""
    config = work.config
    partner = np.where(random.random(len(rows)) < config.misnaming_share, work.misnaming.of(rows, random), work.partners.of(rows, random))
    partner = np.where(random.random(len(rows)) < config.own_share, rows, partner)
    text, mask, present = titles_of(work, partner, WITHOUT_LABEL_WORDS, config.few_words_share, random)
    turned = TokenBatch(pictures.image, pictures.has_image, text, mask, present)
    logits, _, _ = run_head(head, turned, pictures.has_image, present)
    return answer_distance([logits[work.task]], [wanted])


def titles_of(
    work: Refinement, rows: np.ndarray, view: str, few_share: float, random: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Titles in a view, a share of them with few words; as `take_texts`."""
    parts = [take_texts(work.data.texts[name], rows) for name in (view, FEW_WORDS)]
    return join_views(parts, torch.from_numpy(random.random(len(rows)) < few_share).long())


def mix_pairs(image: Tensor, share: float) -> Tensor:
    """In a share of the rows, token sequences [B, Ni, width] with up to half of another row's in them. PyTorch's own generator."""
    count = len(image)
    other = torch.rand(count, 1, 1) / 2 * (torch.rand(count, 1, 1) < share)  # [B, 1, 1]
    return (1.0 - other) * image + other * image[torch.randperm(count)]


def refine_loss(head: nn.Module, rows: np.ndarray, work: Refinement, random: np.random.Generator) -> Tensor:
    """Both, over rows that have both modalities."""
    config, data = work.config, work.data
    text, mask, present = take_texts(data.texts[PLAIN], rows)
    whole = TokenBatch(random_pictures(data, rows), data.has_image[torch.from_numpy(rows)], text, mask, present)
    pictures = dataclasses.replace(whole, image=mix_pairs(whole.image, config.mixed_share))
    swapped = torch.rand(len(rows), 1, 1) < config.swapped_share
    listings = dataclasses.replace(whole, image=torch.where(swapped, random_pictures(data, work.partners.of(rows, random)), pictures.image))
    few, few_mask, few_present = titles_of(work, rows, PLAIN, config.few_alone_share, random)
    titles = TokenBatch(whole.image, whole.has_image, few, few_mask, few_present)
    nothing = torch.zeros_like(whole.has_image)
    both, alone, unseen = (whole.has_image, whole.has_text), (whole.has_image, nothing), (nothing, few_present)
    of_picture = wanted_of(work, pictures, alone, work.teachers.image, config.image_teacher_share)
    of_title = wanted_of(work, titles, unseen, work.teachers.text, config.text_teacher_share)
    loss = config.complete_weight * stay_loss(head, listings, both, wanted_of(work, listings, both), config.embedding_weight)
    loss = loss + config.alone_weight * stay_loss(head, pictures, alone, of_picture, config.embedding_weight)
    loss = loss + config.alone_weight * stay_loss(head, titles, unseen, of_title, config.embedding_weight)
    return loss + config.turn_weight * turn_loss(head, pictures, rows, of_picture.probabilities[work.task], work, random)


def prepare(head: nn.Module, data: TokenSet, tasks: Sequence[str], config: RefineConfig, teachers: Teachers) -> Refinement:
    """Who is whose partner, and the head as it is."""
    like, task = [tasks.index(name) for name in config.like], tasks.index(config.task)
    labels = data.labels[:, like].numpy()
    before = copy.deepcopy(head).eval().requires_grad_(False)
    return Refinement(data, config, before, teachers, Partners(labels), Partners(labels, data.misnaming[:, task]), task)


def refine_head(head: nn.Module, work: Refinement, report: Callable[[dict], None]) -> nn.Module:
    """Refines `head` in place and returns its averaged weights as a head. All randomness comes from (seed, step)."""
    config, data, average = work.config, work.data, copy.deepcopy(head).eval().requires_grad_(False)
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


@dataclasses.dataclass(frozen=True)
class RefineJob:
    """A checkpoint, its tokens, stored heads as teachers, and the stored head to go on from where it is not the checkpoint's own."""

    checkpoint: Path
    tokens: Path
    teachers: Sequence[Path] = ()
    start_from: Path | None = None


def refine_checkpoint(job: RefineJob, config: RefineConfig, target: Path) -> None:
    """Refines over the checkpoint's tokens and writes the head as `compare` writes one. What it is to stay with are the answers of the
    checkpoint's averaged head, whatever it starts from. Raises CatalogueError."""
    require_tokens_of(job.checkpoint, job.tokens)
    meta = open_meta(job.tokens)
    model, counts = model_config_from_dict(meta["model"]), [len(names) for names in meta["labels"].values()]
    head = HEADS[HEAD_KIND].make(model, counts)
    head.load_state_dict(load_checkpoint(job.checkpoint).head())
    work = prepare(head, open_split(job.tokens, "train"), list(meta["labels"]), config, read_teachers(job.teachers, model, counts))
    if job.start_from:
        fit_weights(head, require_kind(job.start_from, HEAD_KIND), job.start_from)
    refined = refine_head(head, work, lambda record: print(json.dumps(record), flush=True))
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"head": HEAD_KIND, "weights": refined.state_dict()}, target)
