"""The command `export-clip` of the command line."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from .bundle import bundle_name, export_clip
from .checkpoint import shown
from .contract import write_clip_contracts
from .graphs import PRECISIONS
from .sources import LIBRARIES, read_checkpoint


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Adds the parsers."""
    exporting = commands.add_parser("export-clip", help="write an encoder bundle from a CLIP of transformers or open_clip")
    exporting.add_argument("--model", required=True, help="folder of a checkpoint, or its name on the hub")
    exporting.add_argument(
        "--library", choices=LIBRARIES, help="which library a name belongs to (default: transformers; a folder says it itself)"
    )
    exporting.add_argument("--pretrained", help="for the name of an open_clip architecture: the tag of its weights")
    exporting.add_argument("--out", type=Path, required=True, help="bundle folder that is made")
    exporting.add_argument("--name", help="name of the bundle (default: encoder-<model>-<precision>)")
    exporting.add_argument("--precision", choices=PRECISIONS, default="fp32", help="default: fp32")
    exporting.set_defaults(run_command=command_export_clip)

    golden = commands.add_parser("clip-golden", help="write the contract's golden vectors of CLIP's pixels and tokens")
    golden.add_argument("--out", type=Path, required=True, help="packages/shared/contracts/golden")
    golden.set_defaults(run_command=command_clip_golden)


def command_export_clip(options: argparse.Namespace) -> None:
    """Prints the folder and the differences from the original library."""
    name = options.name or bundle_name(options.model, options.precision)
    clip = read_checkpoint(options.model, options.library, options.pretrained)
    export = export_clip(clip, options.out, name, options.precision, command_line(options, name))
    print(export.folder)
    for tower, found in export.differences.items():
        print(f"{tower}: tokens within {found.tokens:.1e}, embeddings within {found.embedding:.1e}, cosine {found.cosine:.6f} or more")


def command_line(options: argparse.Namespace, name: str) -> str:
    """What makes the bundle again."""
    parts = ["python", "-m", "labelstream_training", "export-clip", "--model", shown(options.model)]
    for option in ("library", "pretrained"):
        value = getattr(options, option)
        parts += [f"--{option}", value] if value else []
    return shlex.join([*parts, "--precision", options.precision, "--name", name, "--out", options.out.name])


def command_clip_golden(options: argparse.Namespace) -> None:
    """See `write_clip_contracts`."""
    for path in write_clip_contracts(options.out):
        print(path)
