"""The commands `captions train`, `captions evaluate` and `captions export` of the command line."""

from __future__ import annotations

import argparse
import functools
import json
from pathlib import Path

import torch

from ..bundle import write_json
from ..catalogue import CatalogueError, read_catalogue
from ..compare.head_bundle import require_encoder
from ..compare.token_set import open_meta
from ..compare.trainer import append_line
from ..compare.views import PLAIN
from ..tokenise import TOKENIZER_FILE, load_tokenizer
from .bundle import CaptionJob, export_captions
from .decoder import CaptionDecoder
from .evaluate import evaluate_captions
from .read_back import read_titles
from .run import BEST, load_best, open_data, rows_of, save_best
from .settings import read_caption_config
from .trainer import train_captions
from .vocabulary import build_vocabulary

METRICS_FILE, TITLES_FILE = "metrics.json", "titles.jsonl"


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Adds the parser of `captions` with its three commands."""
    captions = commands.add_parser("captions", help="the decoder that proposes titles: train, evaluate, export").add_subparsers(
        dest="captions", required=True
    )
    training = captions.add_parser("train", help="train over the tokens of frozen towers; goes on where it was stopped")
    add_common(training)
    training.add_argument("--config", type=Path, help="JSON object of settings")
    training.set_defaults(run_command=command_train)

    evaluation = captions.add_parser("evaluate", help="figures of the best weights on the validation rows, and all titles proposed")
    add_common(evaluation)
    evaluation.add_argument("--fusion", type=Path, required=True, help="fusion bundle that reads labels out of the titles")
    evaluation.set_defaults(run_command=command_evaluate)

    exporting = captions.add_parser("export", help="write the caption bundle of an evaluated run; fails unless ONNX equals PyTorch")
    add_common(exporting)
    exporting.add_argument("--models", type=Path, required=True, help="folder that gets the bundle folder")
    exporting.add_argument(
        "--origin", type=Path, required=True, help='JSON {"command": "...", "data": ["..."], "note": "..."} for the card'
    )
    exporting.set_defaults(run_command=command_export)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Options of all three."""
    parser.add_argument("--data", type=Path, action="append", required=True, help="data folder; may be repeated")
    parser.add_argument("--tokens", type=Path, required=True, help="folder written by `tokens`")
    parser.add_argument("--encoder", type=Path, required=True, help="encoder bundle of the towers the tokens come from")
    parser.add_argument("--run", type=Path, required=True, help="run folder (checkpoint, log, best weights)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")


def command_train(options: argparse.Namespace) -> None:
    """See `train_captions`."""
    torch.set_num_threads(options.threads)
    require_encoder(options.encoder, options.tokens)
    config = read_caption_config(options.config)
    tokenizer = load_tokenizer(options.encoder / TOKENIZER_FILE)
    listings = rows_of(options.tokens, read_catalogue(options.data), "train")
    vocabulary = build_vocabulary(tokenizer, [item.text for item in listings], config.least_count)
    train, val = (open_data(options.tokens, split, vocabulary, tokenizer, config.longest) for split in ("train", "val"))
    image_width = val.tokens.images[PLAIN].tokens.shape[2]
    torch.manual_seed(config.seed)
    decoder = CaptionDecoder(config, image_width, len(vocabulary))
    options.run.mkdir(parents=True, exist_ok=True)

    def report(record: dict) -> None:
        append_line(options.run / "log.jsonl", record)
        print(json.dumps(record), flush=True)

    report({"words": len(vocabulary), "parameters": sum(weight.numel() for weight in decoder.parameters())})
    trainer = train_captions(decoder, train, val, config, options.run, report)
    save_best(options.run / BEST, trainer.best, config, vocabulary, image_width)


def command_evaluate(options: argparse.Namespace) -> None:
    """Prints and stores the figures; the titles proposed stand beside them, in the order of the validation rows."""
    torch.set_num_threads(options.threads)
    require_encoder(options.encoder, options.tokens)
    decoder, vocabulary = load_best(options.run / BEST)
    meta = open_meta(options.tokens)
    listings = rows_of(options.tokens, read_catalogue(options.data), "val")
    data = open_data(options.tokens, "val", vocabulary, load_tokenizer(options.encoder / TOKENIZER_FILE), decoder.config.longest)
    read = functools.partial(
        read_titles,
        encoder=options.encoder,
        fusion=options.fusion,
        context_length=meta["model"]["context_length"],
        image_width=data.tokens.images[PLAIN].tokens.shape[2],
    )
    tasks = {task: index for index, task in enumerate(meta["labels"])}
    figures, proposals = evaluate_captions(decoder, data, vocabulary, listings, tasks, read)
    write_json(options.run / METRICS_FILE, figures)
    (options.run / TITLES_FILE).unlink(missing_ok=True)
    for item, title, confidence in zip(listings, proposals.titles, proposals.confidences, strict=True):
        append_line(options.run / TITLES_FILE, {"id": item.id, "title": title, "tokenConfidence": round(float(confidence), 4)})
    print(json.dumps(figures, indent=1))


def command_export(options: argparse.Namespace) -> None:
    """See `export_captions`."""
    torch.set_num_threads(options.threads)
    require_encoder(options.encoder, options.tokens)
    metrics = options.run / METRICS_FILE
    if not metrics.is_file():
        raise CatalogueError(f"{options.run} has to be evaluated first (`captions evaluate`)")
    decoder, vocabulary = load_best(options.run / BEST)
    rows_of(options.tokens, read_catalogue(options.data), "val")
    manifest = json.loads((options.encoder / "manifest.json").read_text("utf-8"))
    origin = json.loads(options.origin.read_text("utf-8"))
    job = CaptionJob(
        vocabulary=vocabulary,
        figures=json.loads(metrics.read_text("utf-8")),
        encoder=options.encoder,
        image_tokens=manifest["towers"]["image"]["tokenCount"],
        image_width=decoder.caption_pooler.source_norm.normalized_shape[0],
        origin={"seed": decoder.config.seed, "command": origin["command"], "data": origin["data"]},
        note=origin.get("note", ""),
    )
    print(export_captions(decoder, job, options.models))
