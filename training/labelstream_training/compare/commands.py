"""The commands `tokens`, `compare`, `report`, `refine`, `adopt` and `export-head` of the command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from ..catalogue import CatalogueError, read_catalogue
from ..checkpoint import NEWEST
from ..heads import HEADS
from ..match import SERVED_FALSE_ALARMS
from ..tokenise import TOKENIZER_FILE, load_tokenizer
from .adopt import adopt_head
from .head_bundle import HeadJob, export_head
from .jobs import Job, chosen_heads, run_jobs
from .refine import RefineJob, read_refine_config, refine_checkpoint
from .report import write_report
from .settings import read_compare_config
from .token_cache import build_tokens


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Adds the six parsers."""
    tokens = commands.add_parser("tokens", help="write the token sequences of a run's towers, which all heads are compared on")
    tokens.add_argument("--data", type=Path, action="append", required=True, help="data folder; may be repeated")
    tokens.add_argument("--run", type=Path, required=True, help="run folder with the checkpoint and the tokenizer")
    tokens.add_argument("--cache", type=Path, help="folder for decoded pixels (default: RUN/cache)")
    tokens.add_argument("--out", type=Path, required=True, help="folder that gets the tokens")
    tokens.add_argument("--augmented", type=int, default=2, help="augmented views of the train pictures (default: 2)")
    tokens.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")
    tokens.set_defaults(run_command=command_tokens)

    compare = commands.add_parser("compare", help="train and measure heads over the same tokens; goes on where it was stopped")
    compare.add_argument("--tokens", type=Path, required=True, help="folder written by `tokens`")
    compare.add_argument("--out", type=Path, required=True, help="folder that gets results and weights")
    compare.add_argument("--heads", default="all", help=f"names with commas between them, or all (default): {', '.join(HEADS)}")
    compare.add_argument("--seeds", default="1,2,3", help="default: 1,2,3")
    compare.add_argument("--config", type=Path, help="JSON object of settings, the same for all heads")
    compare.add_argument("--name", help="name of the table row, for one head with options (default: the head's)")
    compare.add_argument("--checkpoint", type=Path, help='for "steps": 0, the checkpoint\'s own head as it is')
    compare.add_argument("--workers", type=int, default=2, help="processes of one thread each (default: 2)")
    compare.set_defaults(run_command=command_compare)

    report = commands.add_parser("report", help="write the tables from stored results")
    report.add_argument("--results", type=Path, required=True, help="folder with the results, or the file that --raw has written")
    report.add_argument("--out", type=Path, required=True, help="Markdown file")
    report.add_argument("--raw", type=Path, help="also put all results into this one JSON file")
    report.add_argument("--calibration", type=Path, help="calibration.json of the default bundle's run, for its own part of the page")
    report.set_defaults(run_command=command_report)

    refine = commands.add_parser("refine", help="teach a checkpoint's head which modality to believe where they differ")
    refine.add_argument("--tokens", type=Path, required=True, help="folder written by `tokens` for this checkpoint")
    refine.add_argument("--checkpoint", type=Path, required=True, help="the checkpoint")
    refine.add_argument("--config", type=Path, help="JSON object of settings")
    refine.add_argument(
        "--teacher", type=Path, action="append", default=[], help="best.pt of an image-only or text-only job; may be repeated"
    )
    refine.add_argument("--from", dest="start_from", type=Path, help="head to go on from, written by an earlier refine")
    refine.add_argument("--out", type=Path, required=True, help="file that gets the head; `adopt` puts it into the checkpoint")
    refine.set_defaults(run_command=command_refine)

    adopt = commands.add_parser("adopt", help="put a cma-clip head trained by `compare` into a checkpoint")
    adopt.add_argument("--checkpoint", type=Path, required=True, help="the checkpoint whose tokens the head was trained on")
    adopt.add_argument("--tokens", type=Path, required=True, help="those tokens")
    adopt.add_argument("--head", type=Path, required=True, help="best.pt of a job")
    adopt.add_argument("--out", type=Path, required=True, help="the new checkpoint")
    adopt.set_defaults(run_command=lambda options: adopt_head(options.checkpoint, options.tokens, options.head, options.out))

    exporting = commands.add_parser("export-head", help="write a head trained by `compare` as a fusion bundle")
    exporting.add_argument("--data", type=Path, action="append", required=True, help="data folder, for taxonomy paths; may be repeated")
    exporting.add_argument("--tokens", type=Path, required=True, help="the tokens the head was trained on")
    exporting.add_argument("--head", type=Path, required=True, help="best.pt of a job")
    exporting.add_argument("--encoder", type=Path, required=True, help="bundle folder of the towers the tokens come from")
    exporting.add_argument("--models", type=Path, required=True, help="folder that gets the bundle folder")
    exporting.add_argument("--origin", type=Path, required=True, help='JSON {"command": "...", "data": ["..."]} for the card')
    exporting.add_argument("--seed", type=int, default=1, help="the job's seed, for the manifest (default: 1)")
    exporting.add_argument("--generation", type=int, default=1, help="grows with each head that is put to use")
    add_false_alarms(exporting)
    exporting.set_defaults(run_command=command_export_head)


def add_false_alarms(parser: argparse.ArgumentParser) -> None:
    """The option of all commands that choose the bundle's threshold on the match of image and text."""
    help_text = f"share of genuine pairs that may be taken for strangers (default: {SERVED_FALSE_ALARMS})"
    parser.add_argument("--false-alarms", type=share, default=SERVED_FALSE_ALARMS, help=help_text)


def share(text: str) -> float:
    """A number within 0..1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share of 1")
    return value


def command_tokens(options: argparse.Namespace) -> None:
    """See `build_tokens`."""
    torch.set_num_threads(options.threads)
    tokenizer = load_tokenizer(options.run / TOKENIZER_FILE)
    cache = options.cache or options.run / "cache"
    build_tokens(options.run / NEWEST, tokenizer, read_catalogue(options.data), cache, options.out, options.augmented)


def command_compare(options: argparse.Namespace) -> None:
    """All heads with the first seed, then with the next, so that a comparison that is stopped has compared something."""
    names = chosen_heads(options.heads)
    if options.name and len(names) > 1:
        raise CatalogueError("--name is for one head")
    config = read_compare_config(options.config)
    jobs = [
        Job(options.name or name, name, int(seed), config, options.tokens, options.out, options.checkpoint)
        for seed in options.seeds.split(",")
        for name in names
    ]
    run_jobs(jobs, options.workers)


def command_refine(options: argparse.Namespace) -> None:
    """See `refine_head`."""
    torch.set_num_threads(1)
    job = RefineJob(options.checkpoint, options.tokens, options.teacher, options.start_from)
    refine_checkpoint(job, read_refine_config(options.config), options.out)


def command_export_head(options: argparse.Namespace) -> None:
    """See `export_head`."""
    origin = json.loads(options.origin.read_text("utf-8"))
    origin = {"seed": options.seed, "command": origin["command"], "data": origin["data"]}
    job = HeadJob(options.head, options.tokens, options.encoder, origin, options.generation, options.false_alarms)
    print(export_head(job, read_catalogue(options.data), options.models))


def command_report(options: argparse.Namespace) -> None:
    """See `write_report`."""
    write_report(options.results, options.out, options.raw, options.calibration)
