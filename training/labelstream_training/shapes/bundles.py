"""An encoder and a fusion bundle of given shapes, without training: weights by recipe, calibration made up."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from torch import nn

from ..bundle import (
    ENCODER_NAME,
    FUSION_NAME,
    GOLDEN_FILE,
    bundle_id,
    fusion_manifest,
    multiply_adds,
    parameter_count,
    write_golden,
    write_json,
)
from ..clip_export.bundle import GOLDEN_TOLERANCE, clip_manifest, golden_cases
from ..clip_export.checkpoint import Clip, Tokeniser
from ..clip_export.graphs import tower_graphs
from ..export import put_in_place
from ..graphs import Graph, trace_graph
from ..parity import require_parity
from ..predict import PATTERNS
from ..tokenise import BEGIN_ID, END_ID, PAD_ID, TOKENIZER_FILE
from .card import shapes_card
from .model import VIT_B32, ProjectedHead, Shapes, head_graph, make_towers
from .pattern import SEED, fill, store_as_recipes

ORIGIN = {
    "seed": SEED,
    "command": "python -m labelstream_training shape-bundles --models ../models --out ../packages/cli/shapes",
    "trainedAt": "2026-11-24",
    "data": ["nothing: made-up weights"],
}
TOLERANCE = GOLDEN_TOLERANCE["fp32"]
# Every listing gets every label: what is measured is the way to it.
MADE_UP = {"temperature": dict.fromkeys(PATTERNS, 1.0), "threshold": dict.fromkeys(PATTERNS, 0.0)}
# Logits of the size that trained ones have.
GAINS = {"fusion.head.task_heads": 4.0}


def read_tokeniser(models: Path, context_length: int) -> Tokeniser:
    """The default encoder's, cut at another length, so that titles have as many tokens as they have there."""
    definition = json.loads((models / ENCODER_NAME / TOKENIZER_FILE).read_text("utf-8"))
    definition["truncation"]["max_length"] = context_length
    compact = json.dumps(definition, ensure_ascii=False, separators=(",", ":"))
    return Tokeniser(compact, BEGIN_ID, END_ID, PAD_ID, None)


def read_tasks(models: Path) -> list[dict]:
    """The default head's, with a made-up calibration."""
    manifest = json.loads((models / FUSION_NAME / "manifest.json").read_text("utf-8"))
    return [{**task, **MADE_UP} for task in manifest["tasks"]]


def write_small(graph: Graph, path: Path, context_length: int, gains: dict[str, float] | None = None) -> None:
    """Sets the weights of the graph's module and writes the ONNX file. Raises ParityError."""
    module: nn.Module = graph.module
    recipes = fill(module, gains)
    trace_graph(graph, path)
    store_as_recipes(path, recipes)
    require_parity([(graph, path)], context_length, TOLERANCE)


def write_encoder(folder: Path, clip: Clip, image: nn.Module, text: nn.Module) -> None:
    """The encoder bundle."""
    graphs = tower_graphs(clip, image, text)
    for graph, length in zip(graphs, (1, clip.context_length), strict=True):
        write_small(graph, folder / f"{graph.name}.onnx", length)
    write_json(folder / GOLDEN_FILE, golden_cases(clip, graphs), indent=None)
    (folder / TOKENIZER_FILE).write_text(clip.tokeniser.definition, "utf-8")
    counts = {graph.name: multiply_adds(graph) for graph in graphs}
    (folder / "MODEL_CARD.md").write_text(shapes_card(f"Encoder with {clip.source}", graphs, ORIGIN["command"]), "utf-8")
    training = {**ORIGIN, "parameters": parameter_count(graphs)}
    write_json(folder / "manifest.json", clip_manifest(folder, clip, folder.name, "fp32", counts, training))


def write_head(folder: Path, shapes: Shapes, token_count: int, tasks: list[dict], encoder: Path) -> None:
    """The fusion bundle."""
    head = ProjectedHead(shapes.image.width, shapes.text.width, shapes.head, [len(task["labels"]) for task in tasks])
    graph = head_graph(shapes, head, token_count, [task["name"] for task in tasks])
    write_small(graph, folder / "fusion.onnx", shapes.context_length, GAINS)
    write_golden(folder, [graph])
    (folder / "MODEL_CARD.md").write_text(
        shapes_card(f"CMA-CLIP head over the shapes of {shapes.title}", [graph], ORIGIN["command"]), "utf-8"
    )
    manifest = fusion_manifest(folder, shapes.head, graph, ORIGIN, bundle_id(encoder), 1, tasks, {})
    own = {
        "name": folder.name,
        "graph": {**manifest["graph"], "attention": patches_of(shapes)},
        "tokenWidth": {"image": shapes.image.width, "text": shapes.text.width},
    }
    write_json(folder / "manifest.json", {**manifest, **own})


def patches_of(shapes: Shapes) -> dict:
    """Where the patches lie, as the manifest of a head that tells its attention has it."""
    side = shapes.size // shapes.patch
    return {"source": "last-block", "columns": side, "rows": side, "stepPx": shapes.patch, "firstCentrePx": shapes.patch / 2}


def write_shape_bundles(models: Path, out: Path, shapes: Shapes = VIT_B32) -> list[Path]:
    """Replaces both bundles under `out`; titles and labels are those of the default bundles under `models`.

    Raises ParityError, and then leaves what was there before.
    """
    clip, image, text = make_towers(shapes, read_tokeniser(models, shapes.context_length))
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / f"{kind}-{shapes.slug}" for kind in ("encoder", "fusion")]
        encoder, fusion = folders
        for folder in folders:
            folder.mkdir()
        write_encoder(encoder, clip, image, text)
        write_head(fusion, shapes, image.token_count, read_tasks(models), encoder)
        return [put_in_place(folder, out / folder.name) for folder in folders]
