"""The command `ablation` of the command line."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from ..config import model_config_from_dict, train_config_from_dict
from .report import write_ablation
from .run import COMPARE, MODEL, TOWERS, Ablation, run_ablation

MAKE_DATA = "node packages/samples/dist/main.js --set attributes --count 6000 --seed 2000 --out .labelstream/samples/attributes"
COMMAND = f"""{MAKE_DATA}
(cd training && python -m labelstream_training ablation --data ../.labelstream/samples/attributes --out ../.labelstream/ablation \\
  --report ../docs/benchmarks/ablation.md --raw ../docs/benchmarks/results/ablation.json)"""


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Adds the parser."""
    command = commands.add_parser(
        "ablation",
        help="CMA-CLIP with and without its two attentions on drawn listings; goes on where it was stopped",
        epilog=f"The data: {MAKE_DATA}",
    )
    command.add_argument("--data", type=Path, help="data folder of the attribute set; without it, only the report is written")
    command.add_argument("--out", type=Path, required=True, help="folder that gets towers, tokens, heads and results")
    command.add_argument("--seeds", default="1,2,3", help="default: 1,2,3")
    command.add_argument(
        "--config", type=Path, help='JSON {"model": {...}, "towers": {...}, "compare": {...}} in place of the small defaults'
    )
    command.add_argument("--workers", type=int, default=1, help="processes of one thread each, a seed at a time in each (default: 1)")
    command.add_argument("--report", type=Path, required=True, help="Markdown file")
    command.add_argument("--raw", type=Path, help="also put all results into this one JSON file")
    command.set_defaults(run_command=command_ablation)


def command_ablation(options: argparse.Namespace) -> None:
    """See `run_ablation` and `write_ablation`."""
    if options.data is not None:
        own = json.loads(options.config.read_text("utf-8")) if options.config else {}
        ablation = Ablation(
            options.data,
            options.out,
            tuple(int(seed) for seed in options.seeds.split(",")),
            model_config_from_dict(own["model"]) if "model" in own else MODEL,
            train_config_from_dict(own["towers"]) if "towers" in own else TOWERS,
            dataclasses.replace(COMPARE, **own["compare"]) if "compare" in own else COMPARE,
        )
        run_ablation(ablation, options.workers)
    write_ablation(options.out / "results", options.report, options.raw, COMMAND)
