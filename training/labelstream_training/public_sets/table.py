"""From a data folder to its table of systems: train, tokens, compare and report, each of which goes on where it was stopped."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from ..catalogue import read_catalogue
from ..checkpoint import NEWEST
from ..compare.jobs import Job, chosen_heads, run_jobs
from ..compare.report import write_report
from ..compare.settings import read_compare_config
from ..compare.token_cache import META_FILE, build_tokens
from ..config import read_configs
from ..tokenise import TOKENIZER_FILE, load_tokenizer
from ..train import Paths, train


@dataclasses.dataclass(frozen=True)
class Table:
    """Where everything goes, the data folder, and the settings of towers and heads."""

    out: Path
    catalogue: Path
    config: Path
    compare_config: Path | None
    heads: str
    seeds: str
    workers: int


def make_table(table: Table) -> Path:
    """The report, with its raw results beside it. Raises CatalogueError and ParityError."""
    names, config = chosen_heads(table.heads), read_compare_config(table.compare_config)
    run, tokens = table.out / "run", table.out / "tokens"
    torch.set_num_threads(1)
    # Tokens come after training; a checkpoint that is written again need not have the same bytes, and tokens belong to a checkpoint.
    if not (tokens / META_FILE).is_file():
        train(Paths([table.catalogue], run, run / "cache"), *read_configs(table.config))
    tokenizer = load_tokenizer(run / TOKENIZER_FILE)
    build_tokens(run / NEWEST, tokenizer, read_catalogue([table.catalogue]), run / "cache", tokens, augmented=2)
    jobs = [Job(name, name, int(seed), config, tokens, table.out / "compare") for seed in table.seeds.split(",") for name in names]
    run_jobs(jobs, table.workers)
    write_report(table.out / "compare" / "results", table.out / "models.md", table.out / "models.json")
    return table.out / "models.md"
