"""A comparison: heads × seeds, several processes of one thread each, every job resumable and every result a JSON file."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import nn

from ..bundle import write_json
from ..catalogue import CatalogueError
from ..checkpoint import HEAD_KIND, load_checkpoint
from ..config import ModelConfig, model_config_from_dict
from ..heads import HEADS
from ..match import COMPARED_FALSE_ALARMS, measure_pairs, other_rows
from .conditions import run_conditions
from .measure import measure_all
from .settings import CompareConfig
from .speed import cost_of
from .token_set import Tokens, open_meta, open_tokens, pairs_of
from .trainer import append_line, train_head
from .views import PLAIN


@dataclasses.dataclass(frozen=True)
class Job:
    """One head with one seed. `name` is that of the table row; rows that share a head differ in their configuration.

    `checkpoint` is needed for `config.steps` 0, the checkpoint's own head as it is.
    """

    name: str
    head: str
    seed: int
    config: CompareConfig
    tokens: Path
    out: Path
    checkpoint: Path | None = None

    @property
    def result(self) -> Path:
        """Where the figures go."""
        return self.out / "results" / f"{self.name}.seed{self.seed}.json"

    @property
    def run(self) -> Path:
        """Where the weights go."""
        return self.out / "heads" / f"{self.name}.seed{self.seed}"


def chosen_heads(heads: str) -> list[str]:
    """Names with commas between them, or "all". Raises CatalogueError for unknown ones."""
    names = list(HEADS) if heads == "all" else heads.split(",")
    unknown = [name for name in names if name not in HEADS]
    if unknown:
        raise CatalogueError(f"unknown heads: {', '.join(unknown)}; known are {', '.join(HEADS)}")
    return names


def make_head(job: Job, model: ModelConfig, class_counts: Sequence[int]) -> nn.Module:
    """Fresh weights, seeded, or those of the checkpoint. Raises CatalogueError where the checkpoint is not the one of the tokens."""
    torch.manual_seed(job.seed)
    head = HEADS[job.head].make(model, class_counts)
    if job.config.steps == 0:
        if job.checkpoint is None or job.head != HEAD_KIND:
            raise CatalogueError("only cma-clip has weights in a checkpoint, and the checkpoint has to be named")
        head.load_state_dict(load_checkpoint(job.checkpoint).head())
    return head


def trained(job: Job, head: nn.Module, tokens: Tokens) -> tuple[nn.Module, dict]:
    """The head with the best weights seen on validation, and how training went."""
    if job.config.steps == 0:
        return head.eval(), {"seconds": 0.0, "looks": []}
    job.run.mkdir(parents=True, exist_ok=True)

    def report(record: dict) -> None:
        line = {"job": job.result.stem, **record, "at": time.strftime("%H:%M:%S")}
        append_line(job.run / "log.jsonl", line)
        print(json.dumps(line), flush=True)

    trainer = train_head(HEADS[job.head], head, tokens, job.config, job.seed, job.run, report)
    trainer.average.load_state_dict(trainer.best)
    torch.save({"head": job.head, "weights": trainer.best}, job.run / "best.pt")
    return trainer.average.eval(), {"seconds": round(trainer.seconds, 1), "looks": trainer.looks}


def run_job(job: Job) -> str:
    """Trains, measures and writes the result; a result of the same settings is left alone. Returns the result's name."""
    meta = open_meta(job.tokens)
    settings = {
        "name": job.name,
        "head": job.head,
        "seed": job.seed,
        "config": dataclasses.asdict(job.config),
        "towers": meta["checkpoint"],
        "rows": meta["rows"],
    }
    if job.result.is_file():
        require_same(job.result, settings)
        return job.result.stem
    torch.set_num_threads(1)
    model, counts = model_config_from_dict(meta["model"]), [len(names) for names in meta["labels"].values()]
    tokens = open_tokens(job.tokens)
    head, history = trained(job, make_head(job, model, counts), tokens)
    measured = tokens.measured
    other = other_rows(measured.groups.numpy())
    match = measure_pairs(pairs_of(measured), other, COMPARED_FALSE_ALARMS)
    figures = measure_all(run_conditions(head, measured, other, torch.as_tensor(match.flagged)), measured.labels, meta["labels"])
    cost = cost_of(head, model, measured.images[PLAIN].tokens.shape[1], list(meta["labels"]))
    job.result.parent.mkdir(parents=True, exist_ok=True)
    partial = job.result.with_suffix(".partial")
    write_json(partial, {**settings, "cost": cost, "training": history, "match": match.figures(), **figures})
    os.replace(partial, job.result)
    return job.result.stem


def require_same(path: Path, settings: dict) -> None:
    """Raises CatalogueError where a stored result was made with other settings: one table must not mix them."""
    stored = json.loads(path.read_text("utf-8"))
    different = sorted(key for key, value in settings.items() if stored.get(key) != value)
    if different:
        raise CatalogueError(f"{path} was made with another {', '.join(different)}; choose another folder or name")


def run_jobs(jobs: Sequence[Job], workers: int) -> None:
    """All jobs, in their order, `workers` at a time; one core each beats all cores per operator on a shared machine."""
    if workers <= 1:
        for job in jobs:
            run_job(job)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(run_job, job) for job in jobs]):
            print(json.dumps({"done": done.result(), "at": time.strftime("%H:%M:%S")}), flush=True)
