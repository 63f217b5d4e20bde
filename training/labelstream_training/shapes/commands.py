"""The command `shape-bundles` of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from .bundles import write_shape_bundles


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Adds the parser."""
    parser = commands.add_parser("shape-bundles", help="write small bundles that cost what CLIP ViT-B/32 and a head over it cost")
    parser.add_argument("--models", type=Path, required=True, help="folder with the default bundles, whose titles and labels are taken")
    parser.add_argument("--out", type=Path, required=True, help="packages/cli/shapes")
    parser.set_defaults(run_command=command_shape_bundles)


def command_shape_bundles(options: argparse.Namespace) -> None:
    """See `write_shape_bundles`."""
    for path in write_shape_bundles(options.models, options.out):
        print(path)
