"""The command `public-set` of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import SETS
from .table import Table, make_table
from .write import write_catalogue

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Adds the parser."""
    command = commands.add_parser("public-set", help="a public image-text set as a data folder; with --table, its whole table of systems")
    command.add_argument("name", choices=tuple(SETS), help="which set")
    command.add_argument("--data", type=Path, required=True, help="the folder that the set was unpacked into, as it is published")
    command.add_argument(
        "--out", type=Path, required=True, help="folder that gets catalogue/ (products.csv, images.tar, tasks.json) and the rest"
    )
    command.add_argument("--keep-unreadable", action="store_true", help="keep rows whose picture cannot be decoded, without it")
    command.add_argument("--table", action="store_true", help="go on to train, tokens, compare and report: OUT/models.md; resumable")
    command.add_argument("--config", type=Path, help="JSON of towers and training (default: configs/public-NAME.json)")
    command.add_argument("--compare-config", type=Path, help="JSON object of settings of the heads' training")
    command.add_argument("--heads", default="all", help="as in compare")
    command.add_argument("--seeds", default="1,2,3", help="default: 1,2,3")
    command.add_argument("--workers", type=int, default=2, help="processes of one thread each (default: 2)")
    command.set_defaults(run_command=command_public_set)


def command_public_set(options: argparse.Namespace) -> None:
    """Writes the data folder, unless it is there already, and the table where it is wanted."""
    catalogue, public = options.out / "catalogue", SETS[options.name]
    if not (catalogue / "products.csv").is_file():
        counts = write_catalogue(catalogue, public.tasks, public.read(options.data), options.keep_unreadable)
        print(f"{public.title} in {catalogue}: " + ", ".join(f"{count} {split}" for split, count in counts.items()))
    if options.table:
        config = options.config or CONFIGS / f"public-{options.name}.json"
        table = Table(options.out, catalogue, config, options.compare_config, options.heads, options.seeds, options.workers)
        print(make_table(table))
