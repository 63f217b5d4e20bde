"""The training loop: towers alone first, then everything jointly under modality dropout."""

from __future__ import annotations

import copy
import dataclasses
import json
import shutil
import time
from pathlib import Path

import torch
from torch import Tensor

from .augment import augment_pictures, choose_missing, drop_words
from .catalogue import CatalogueError, collect_labels, read_catalogue
from .checkpoint import NEWEST, Checkpoint, append_log, first_difference, load_checkpoint, make_settings, save_checkpoint, take_weights
from .config import ModelConfig, Phase, TrainConfig
from .dataset import Batch, BatchOrder, Dataset, build_dataset, take
from .losses import contrastive_loss, task_loss
from .optimise import make_optimisers, step_all
from .parallel import Shards
from .quick_check import quick_check
from .schedule import Schedule
from .system import LabelSystem
from .tokenise import TOKENIZER_FILE, load_tokenizer, train_tokenizer

CHECKPOINT_EVERY_S = 150.0
LOG_EVERY_STEPS = 20
MAX_LOGIT_SCALE = 4.6


@dataclasses.dataclass
class Paths:
    """Where a run reads and writes."""

    data: list[Path]
    run: Path
    cache: Path
    start_from: Path | None = None


@dataclasses.dataclass
class Trainer:
    """All mutable state of a run."""

    system: LabelSystem
    average: LabelSystem
    optimisers: list[torch.optim.Optimizer]
    schedule: Schedule
    settings: dict
    shards: Shards
    step: int = 0

    def to_checkpoint(self) -> Checkpoint:
        """A snapshot for `save_checkpoint`."""
        return Checkpoint(
            step=self.step,
            weights=self.system.state_dict(),
            average=self.average.state_dict(),
            optimisers=[optimiser.state_dict() for optimiser in self.optimisers],
            settings=self.settings,
        )

    def load(self, checkpoint: Checkpoint) -> None:
        """Goes on exactly where the checkpoint was written."""
        self.load_weights(checkpoint)
        for optimiser, state in zip(self.optimisers, checkpoint.optimisers, strict=True):
            optimiser.load_state_dict(state)
        self.step = checkpoint.step

    def load_weights(self, checkpoint: Checkpoint) -> None:
        """Takes over the weights alone: a new schedule with fresh optimisers."""
        take_weights(self.system, checkpoint.weights)
        self.shards.take_statistics()
        take_weights(self.average, checkpoint.average)


def make_trainer(model: ModelConfig, train: TrainConfig, labels: dict[str, list[str]], steps_per_epoch: int, data: list[str]) -> Trainer:
    """Freshly initialised weights, seeded."""
    torch.manual_seed(train.seed)
    system = LabelSystem(model, [len(names) for names in labels.values()])
    average = copy.deepcopy(system).eval().requires_grad_(False)
    settings = make_settings(model, train, labels, data)
    shards = Shards(system, train.shards)
    return Trainer(
        system=system,
        average=average,
        optimisers=make_optimisers(system, train, shards.pool.map),
        schedule=Schedule(train, steps_per_epoch),
        settings=settings,
        shards=shards,
    )


def losses_of(system: LabelSystem, batch: Batch, phase: Phase, config: TrainConfig, random: torch.Generator) -> Tensor:
    """The training loss of one batch."""
    pictures = augment_pictures(system.image.normalise(batch.pixels), phase.image_width, phase.image_height, random)  # [B, 3, h, w]
    image_tokens = image_tokens_of(system, pictures, config.freeze_image)  # [B, Ni, width]
    mask = drop_words(batch.ids, batch.mask, config.token_dropout, random)  # [B, L]
    text_tokens = system.text.tokens_of(batch.ids, mask)  # [B, L, width]
    image_embedding, text_embedding = system.image.embed(image_tokens), system.text.embed(text_tokens)  # [B, E]
    scale = system.logit_scale.clamp(max=MAX_LOGIT_SCALE).exp()
    both = batch.has_image * batch.has_text  # [B]

    image_logits = system.split_tasks(system.auxiliary_image(image_tokens[:, 0]))
    text_logits = system.split_tasks(system.auxiliary_text(text_tokens[:, 0]))
    loss = task_loss(image_logits, batch.labels, batch.has_image, config.label_smoothing)
    loss = loss + config.text_auxiliary_weight * task_loss(text_logits, batch.labels, batch.has_text, config.label_smoothing)
    loss = loss + config.contrastive_weight * contrastive_loss(image_embedding, text_embedding, scale, batch.text_group, both)
    if not phase.joint:
        return loss

    keeps_image, keeps_text = choose_missing(len(batch.labels), config.image_only_share, config.text_only_share, random)  # [B] each
    has_image, has_text = batch.has_image * keeps_image, batch.has_text * keeps_text  # [B] each
    logits, _, embedding = system.fuse(image_tokens, has_image, text_tokens, mask, has_text)
    seen = ((has_image + has_text) > 0).float()  # [B]
    loss = loss + task_loss(logits, batch.labels, seen, config.label_smoothing)
    # The fused embedding learns to find the listing's full CLIP embedding from whatever modality is left.
    full = torch.nn.functional.normalize((image_embedding + text_embedding).detach(), dim=-1)  # [B, E]
    return loss + config.fused_contrastive_weight * contrastive_loss(embedding, full, scale.detach(), batch.text_group, both * seen)


def image_tokens_of(system: LabelSystem, pictures: Tensor, frozen: bool) -> Tensor:
    """[B, 3, h, w] → [B, Ni, width]; a frozen tower gets no gradient and keeps its batch-norm statistics."""
    if not frozen:
        return system.image.tokens_of(pictures)
    with torch.no_grad():
        return system.image.eval().tokens_of(pictures)


def text_losses_of(system: LabelSystem, batch: Batch, config: TrainConfig, random: torch.Generator) -> Tensor:
    """The training loss of titles alone, through the text tower's own heads and through the fusion head."""
    mask = drop_words(batch.ids, batch.mask, config.token_dropout, random)  # [B, L]
    tokens = system.text.tokens_of(batch.ids, mask)  # [B, L, width]
    own = system.split_tasks(system.auxiliary_text(tokens[:, 0]))
    nothing = tokens.new_zeros(len(tokens), 1, tokens.shape[2])  # [B, 1, width]
    fused, _, _ = system.fuse(nothing, torch.zeros(len(tokens)), tokens, mask, batch.has_text)
    losses = [task_loss(logits, batch.labels, batch.has_text, config.label_smoothing) for logits in (own, fused)]
    return config.text_auxiliary_weight * losses[0] + losses[1]


def train_step(trainer: Trainer, batches: list[Batch], config: TrainConfig) -> float:
    """One update from a batch of listings and, after it, batches of titles alone.

    All randomness comes from (seed, step), so a resumed run repeats an uninterrupted one.
    """
    phase = trainer.schedule.phase_at(trainer.step)

    def loss_of(system: LabelSystem, parts: list[Batch], shard: int) -> Tensor:
        random = torch.Generator().manual_seed((config.seed * 1_000_003 + trainer.step) * config.shards + shard)
        loss = losses_of(system, parts[0], phase, config, random)
        return sum((text_losses_of(system, texts, config, random) for texts in parts[1:]), loss)

    loss = trainer.shards.backward(batches, loss_of)
    torch.nn.utils.clip_grad_norm_(trainer.system.parameters(), config.clip_norm)
    step_all(trainer.optimisers, trainer.schedule.rate_factor(trainer.step))
    update_average(trainer)
    trainer.step += 1
    return loss


@torch.no_grad()
def update_average(trainer: Trainer) -> None:
    """Moves the averaged weights, batch-norm statistics included, towards the current ones."""
    decay = trainer.schedule.ema_decay(trainer.step)
    for kept, now in zip(trainer.average.state_dict().values(), trainer.system.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(now, 1.0 - decay)
        else:
            kept.copy_(now)


def run_steps(trainer: Trainer, data: Dataset, val: Dataset | None, config: TrainConfig, run: Path) -> None:
    """Trains to the end of the schedule, with checkpoints, a log line now and then and a check after each epoch."""
    order = BatchOrder(len(data), config.batch_size, config.seed)
    text_order = BatchOrder(len(data), config.batch_size * max(1, config.extra_texts), config.seed + 1)
    started = saved = time.monotonic()
    first_step, losses = trainer.step, []
    while trainer.step < trainer.schedule.total_steps:
        batches = [take(data, order.rows_of(trainer.step))]
        if config.extra_texts and trainer.schedule.phase_at(trainer.step).joint:
            batches.append(take(data, text_order.rows_of(trainer.step), with_pixels=False))
        losses.append(train_step(trainer, batches, config))
        if trainer.step % LOG_EVERY_STEPS == 0:
            seconds_a_step = (time.monotonic() - started) / (trainer.step - first_step)
            report(run, trainer, sum(losses) / len(losses), seconds_a_step, order.batch_size)
            losses = []
        if trainer.step % order.steps_per_epoch == 0 and val is not None:
            phase = trainer.schedule.phase_at(trainer.step - 1)
            append_log(run, {"step": trainer.step, "check": quick_check(trainer.average, val, phase)})
        if time.monotonic() - saved > CHECKPOINT_EVERY_S:
            save_checkpoint(run / NEWEST, trainer.to_checkpoint())
            saved = time.monotonic()
    save_checkpoint(run / NEWEST, trainer.to_checkpoint())


def report(run: Path, trainer: Trainer, loss: float, seconds_a_step: float, batch_size: int) -> None:
    """Progress and an estimate of the end at the mean speed so far."""
    left_s = (trainer.schedule.total_steps - trainer.step) * seconds_a_step
    record = {
        "step": trainer.step,
        "of": trainer.schedule.total_steps,
        "loss": round(loss, 4),
        "listingsPerSecond": round(batch_size / seconds_a_step, 1),
        "end": time.strftime("%H:%M", time.localtime(time.time() + left_s)),
        "at": time.strftime("%H:%M:%S"),
    }
    append_log(run, record)
    print(json.dumps(record), flush=True)


def resume(trainer: Trainer, paths: Paths) -> None:
    """Goes on from the run's newest checkpoint, else from the weights it is to start from. Raises CatalogueError where they do not fit."""
    newest = paths.run / NEWEST
    source = newest if newest.is_file() else paths.start_from
    if source is None:
        return
    try:
        (trainer.load if source == newest else trainer.load_weights)(load_checkpoint(source))
    except RuntimeError as error:
        raise CatalogueError(f"{source} is of another architecture: {first_difference(error)}") from error


def train(paths: Paths, model: ModelConfig, config: TrainConfig) -> None:
    """Trains from the data folders into the run folder; goes on by itself from the newest checkpoint there."""
    paths.run.mkdir(parents=True, exist_ok=True)
    listings = read_catalogue(paths.data)
    rows = {split: [item for item in listings if item.split == split] for split in ("train", "val")}
    labels = collect_labels(listings)
    tokenizer_path = paths.run / TOKENIZER_FILE
    if not tokenizer_path.is_file() and paths.start_from:
        # Weights mean nothing without the ids they were trained on.
        shutil.copyfile(paths.start_from.parent / TOKENIZER_FILE, tokenizer_path)
    if not tokenizer_path.is_file():
        texts = [item.text for item in rows["train"]]
        train_tokenizer(texts, model.vocabulary, model.context_length).save(str(tokenizer_path))
    tokenizer = load_tokenizer(tokenizer_path)
    data = build_dataset(rows["train"], labels, tokenizer, model, paths.cache)
    val = build_dataset(rows["val"], labels, tokenizer, model, paths.cache) if rows["val"] else None
    steps_per_epoch = BatchOrder(len(data), config.batch_size, config.seed).steps_per_epoch
    trainer = make_trainer(model, config, labels, steps_per_epoch, [folder.name for folder in paths.data])
    resume(trainer, paths)
    run_steps(trainer, data, val, config, paths.run)
