"""Command line: python -m labelstream_training COMMAND."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from . import __version__
from .ablation.commands import add_commands as add_ablation_command
from .bundle import write_json
from .calibrate import calibrate, cross_fitted, read_calibration, read_match, read_sharpness, write_calibration
from .captions.commands import add_commands as add_caption_commands
from .catalogue import PUBLIC_DATASET, CatalogueError, read_catalogue
from .checkpoint import NEWEST, load_checkpoint, mean_of, restore_system, save_checkpoint
from .clip_export.checkpoint import CheckpointError
from .clip_export.commands import add_commands as add_clip_commands
from .compare.commands import add_commands, add_false_alarms
from .config import model_config_from_dict, read_configs
from .dataset import Dataset, build_dataset
from .evaluate import evaluate, tables
from .export import ExportJob, export_bundles
from .golden import write_contracts
from .match import match_spec
from .parity import ParityError
from .predict import Predictions, predict
from .public_sets.commands import add_commands as add_public_set_command
from .restore import restore_run
from .shapes.commands import add_commands as add_shape_command
from .sharpen import fit_sharpness
from .taxonomy import taxonomy_paths
from .tiny import write_tiny_bundles
from .tokenise import TOKENIZER_FILE, load_tokenizer
from .train import Paths, train

METRICS_FILE = "metrics.json"


def build_parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    parser = argparse.ArgumentParser(
        prog="labelstream_training",
        description="Trains, measures and exports the Labelstream model bundles.",
        epilog=f"Data folders hold products.csv and images.tar. The public catalogue: {PUBLIC_DATASET}",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)

    training = commands.add_parser("train", help="train into a run folder; goes on from its newest checkpoint")
    add_data(training)
    training.add_argument("--config", type=Path, help='JSON {"model": {...}, "train": {...}}')
    training.add_argument("--from", dest="start_from", type=Path, help="checkpoint whose weights a new schedule starts from")
    training.set_defaults(run_command=command_train)

    averaging = commands.add_parser("average", help="the mean of the weights of several runs, as a run of its own")
    averaging.add_argument("--of", type=Path, action="append", required=True, help="run folder; repeated")
    averaging.add_argument("--share", type=float, action="append", help="share of the run at the same place (default: all alike)")
    averaging.add_argument("--run", type=Path, required=True, help="run folder that gets the mean")
    averaging.set_defaults(run_command=command_average)

    evaluation = commands.add_parser("evaluate", help="figures per task and missing modality")
    add_data(evaluation)
    evaluation.add_argument("--split", choices=("val", "train", "all"), default="val", help="rows to measure on (default: val)")
    evaluation.add_argument("--limit", type=int, help="only the first rows, in the order of the file")
    evaluation.add_argument("--json", action="store_true", help="print JSON instead of tables")
    evaluation.set_defaults(run_command=command_evaluate)

    calibration = commands.add_parser("calibrate", help="temperatures and thresholds on the validation rows")
    add_data(calibration)
    add_false_alarms(calibration)
    calibration.set_defaults(run_command=command_calibrate)

    exporting = commands.add_parser("export", help="write both bundles; fails unless ONNX equals PyTorch")
    add_data(exporting)
    exporting.add_argument("--models", type=Path, required=True, help="folder that gets the bundle folders")
    exporting.add_argument(
        "--origin", type=Path, required=True, help='JSON {"command": "...", "data": ["..."], "note": "..."} for the cards'
    )
    exporting.add_argument("--generation", type=int, default=1, help="grows with each head that is put to use")
    exporting.add_argument("--encoder", type=Path, help="an encoder bundle with the same towers: only the head is written, over it")
    exporting.set_defaults(run_command=command_export)

    restoring = commands.add_parser("restore", help="make a run folder of both bundles, to refine, calibrate or compare from")
    restoring.add_argument("--encoder", type=Path, required=True, help="the encoder bundle")
    restoring.add_argument("--fusion", type=Path, required=True, help="a cma-clip fusion bundle over it")
    restoring.add_argument("--config", type=Path, help='JSON {"model": {...}} where it is not the default one')
    restoring.add_argument("--run", type=Path, required=True, help="run folder that gets checkpoint, tokenizer and calibration")
    restoring.set_defaults(run_command=command_restore)

    golden = commands.add_parser("golden", help="write the golden vectors both languages read")
    golden.add_argument("--models", type=Path, required=True, help="folder with the bundle folders")
    golden.add_argument("--out", type=Path, required=True, help="packages/shared/contracts/golden")
    golden.set_defaults(run_command=command_golden)
    tiny = commands.add_parser("tiny-bundles", help="write a tiny encoder and a tiny head of every kind, which the end-to-end tests serve")
    tiny.add_argument("--out", type=Path, required=True, help="packages/shared/test/fixtures/heads")
    tiny.set_defaults(run_command=command_tiny_bundles)
    add_commands(commands)
    add_caption_commands(commands)
    add_clip_commands(commands)
    add_public_set_command(commands)
    add_ablation_command(commands)
    add_shape_command(commands)
    return parser


def add_data(parser: argparse.ArgumentParser) -> None:
    """Options of all commands that read data."""
    parser.add_argument("--data", type=Path, action="append", required=True, help="data folder; may be repeated")
    parser.add_argument("--run", type=Path, required=True, help="run folder (checkpoints, log, tokenizer)")
    parser.add_argument("--cache", type=Path, help="folder for decoded pixels (default: RUN/cache)")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads outside of training (default: 2)")


def cache_of(options: argparse.Namespace) -> Path:
    """Where decoded pixels are kept."""
    return options.cache or options.run / "cache"


def command_train(options: argparse.Namespace) -> None:
    """See `train`."""
    # Training brings its own threads, one per shard of the batch.
    torch.set_num_threads(1)
    model, config = read_configs(options.config)
    train(Paths(options.data, options.run, cache_of(options), options.start_from), model, config)


def command_average(options: argparse.Namespace) -> None:
    """Writes the mean of runs that share a tokenizer."""
    tokenizers = {(run / TOKENIZER_FILE).read_bytes() for run in options.of}
    if len(tokenizers) > 1:
        raise CatalogueError("the runs have different tokenizers, so their weights have no mean")
    shares = options.share or [1.0] * len(options.of)
    if len(shares) != len(options.of) or min(shares) <= 0:
        raise CatalogueError(f"{len(options.of)} runs need as many shares above 0")
    options.run.mkdir(parents=True, exist_ok=True)
    (options.run / TOKENIZER_FILE).write_bytes(tokenizers.pop())
    save_checkpoint(options.run / NEWEST, mean_of([load_checkpoint(run / NEWEST) for run in options.of], shares))
    print(options.run / NEWEST)


def predict_rows(options: argparse.Namespace, split: str = "val", limit: int | None = None) -> Predictions:
    """The newest checkpoint's averaged weights on rows of a split, in the order of the file."""
    torch.set_num_threads(options.threads)
    system, checkpoint = restore_system(options.run / NEWEST, sharpness=read_sharpness(options.run))
    return predict(system, rows_dataset(options, checkpoint.settings, split, limit))


def rows_dataset(options: argparse.Namespace, settings: dict, split: str, limit: int | None) -> Dataset:
    """Rows of a split with the run's label vocabulary and tokenizer."""
    listings = [item for item in read_catalogue(options.data) if split in ("all", item.split)][:limit]
    tokenizer = load_tokenizer(options.run / TOKENIZER_FILE)
    return build_dataset(listings, settings["labels"], tokenizer, model_config_from_dict(settings["model"]), cache_of(options))


def command_evaluate(options: argparse.Namespace) -> None:
    """Prints the figures; those of all validation rows are stored, for the export."""
    figures = evaluate(predict_rows(options, options.split, options.limit), read_calibration(options.run))
    if options.split == "val" and options.limit is None:
        write_json(options.run / METRICS_FILE, figures)
    print(json.dumps(figures) if options.json else tables(figures))


def command_calibrate(options: argparse.Namespace) -> None:
    """Stores temperatures and thresholds in the run folder, and from where on image and text are taken to belong together."""
    torch.set_num_threads(options.threads)
    system, checkpoint = restore_system(options.run / NEWEST)
    predictions = predict(system, rows_dataset(options, checkpoint.settings, "val", None), keep_fused=True)
    sharpness = fit_sharpness(predictions)
    tasks = calibrate(predictions.sharpened(sharpness))
    figures = cross_fitted(predictions, fit_sharpness)
    write_calibration(options.run, tasks, match_spec(predictions.pairs, options.false_alarms), sharpness, figures)
    print(json.dumps({"tasks": tasks, "crossFitted": figures}, indent=1))


def command_export(options: argparse.Namespace) -> None:
    """Writes the bundles from a run that was calibrated and evaluated."""
    calibration, metrics = read_calibration(options.run), options.run / METRICS_FILE
    if calibration is None or not metrics.is_file():
        raise CatalogueError(f"{options.run} has to be calibrated and evaluated first")
    if options.encoder and not (options.encoder / "manifest.json").is_file():
        raise CatalogueError(f"{options.encoder} is no bundle folder: it has no manifest.json")
    checkpoint = load_checkpoint(options.run / NEWEST)
    origin = json.loads(options.origin.read_text("utf-8"))
    job = ExportJob(
        checkpoint=options.run / NEWEST,
        tokenizer=options.run / TOKENIZER_FILE,
        calibration=calibration,
        match=read_match(options.run),
        sharpness=read_sharpness(options.run),
        metrics=json.loads(metrics.read_text("utf-8")),
        paths=taxonomy_paths(read_catalogue(options.data)),
        origin={
            "seed": checkpoint.settings["train"]["seed"],
            "command": origin["command"],
            "trainedAt": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "data": origin["data"],
        },
        note=origin.get("note", ""),
        generation=options.generation,
    )
    for folder in export_bundles(job, options.models, options.encoder):
        print(folder)


def command_restore(options: argparse.Namespace) -> None:
    """See `restore_run`."""
    print(restore_run(options.encoder, options.fusion, read_configs(options.config)[0], options.run))


def command_golden(options: argparse.Namespace) -> None:
    """Writes the contract's golden vectors."""
    for path in write_contracts(options.models, options.out):
        print(path)


def command_tiny_bundles(options: argparse.Namespace) -> None:
    """See `write_tiny_bundles`."""
    torch.set_num_threads(1)
    for path in write_tiny_bundles(options.out):
        print(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    options = build_parser().parse_args(arguments)
    try:
        options.run_command(options)
    except (CatalogueError, CheckpointError, ParityError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
