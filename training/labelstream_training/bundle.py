"""Bundle folders: manifest, file hashes and the golden vectors a service checks itself with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from .config import ModelConfig
from .graphs import ATTENTION, Graph, Inputs
from .image_tower import STRIDE, patch_grid
from .system import LabelSystem
from .taxonomy import label_categories
from .tokenise import BEGIN_ID, END_ID, PAD_ID

ENCODER_NAME = "encoder-fashion-small"
FUSION_NAME = "fusion-fashion-cma"
GOLDEN_FILE = "golden.json"
# ONNX Runtime on another processor differs from this one by about 1e-5; a wrong graph by far more.
GOLDEN_TOLERANCE = 5e-4
# Leading values of an output that are kept; the inputs are whole.
GOLDEN_VALUES = 400
MEDIAN_TITLE_TOKENS = 10


def multiply_adds(graph: Graph) -> int:
    """Multiply-adds of one listing with a title of median length."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        graph.module(*graph.make_inputs(1, MEDIAN_TITLE_TOKENS, 0).values())
    return counter.get_total_flops() // 2


def hash_file(path: Path) -> dict:
    """SHA-256 and size of a file, as the manifest has it."""
    data = path.read_bytes()
    return {"sha256": hashlib.sha256(data).hexdigest(), "sizeBytes": len(data)}


def hash_files(folder: Path) -> dict[str, dict]:
    """All files of a bundle but its manifest."""
    return {
        path.relative_to(folder).as_posix(): hash_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def write_json(path: Path, value: object, indent: int | None = 1) -> None:
    """UTF-8 JSON with a final line feed."""
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", "utf-8")


def write_cases(path: Path, head: dict, cases: list[dict]) -> None:
    """A JSON object whose `cases` stand on one line each: readable in a diff, and no line per number."""
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    start = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    path.write_text(f'{start},\n "cases": [\n{lines}\n]}}\n', "utf-8")


def bundle_id(folder: Path) -> str:
    """`<name>@<first 12 hex digits of the SHA-256 of manifest.json>`."""
    data = (folder / "manifest.json").read_bytes()
    return f"{json.loads(data)['name']}@{hashlib.sha256(data).hexdigest()[:12]}"


def tensor_json(value: np.ndarray, keep: int | None = None) -> dict:
    """dims and flat values of an output, at most `keep` of them."""
    flat = value.reshape(-1)[:keep]
    data = [round(float(item), 6) for item in flat] if value.dtype.kind == "f" else [int(item) for item in flat]
    return {"dims": list(value.shape), "data": data}


@torch.no_grad()
def golden_case(graph: Graph, inputs: Inputs) -> dict:
    """One case of golden.json: whole inputs, first values of each output, from PyTorch."""
    outputs = graph.module(*inputs.values())
    return {
        "graph": graph.name,
        "inputs": {name: {"type": str(value.dtype).removeprefix("torch."), **tensor_json(value.numpy())} for name, value in inputs.items()},
        "outputs": {name: tensor_json(value.numpy(), GOLDEN_VALUES) for name, value in zip(graph.outputs, outputs, strict=True)},
    }


def short_fusion_inputs(graph: Graph, image_flag: float, text_flag: float, seed: int) -> Inputs:
    """Fusion inputs of a few tokens with three decimals: the graph takes any length, and the file stays small."""
    inputs = graph.make_inputs(2, 4, seed)
    return {
        "image_tokens": inputs["image_tokens"][:, :6].mul(1000).round().div(1000).contiguous(),
        "image_mask": torch.full((2, 6), image_flag),
        "text_tokens": inputs["text_tokens"].mul(1000).round().div(1000),
        "text_mask": torch.tensor([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]]) * text_flag,
    }


def write_golden(folder: Path, graphs: list[Graph]) -> None:
    """golden.json of a bundle: every graph; the fusion graph also with either modality and with both missing."""
    cases = []
    for graph in graphs:
        if graph.name == "fusion":
            flags = [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)]
            cases += [golden_case(graph, short_fusion_inputs(graph, *pair, 5 + at)) for at, pair in enumerate(flags)]
        else:
            cases += [golden_case(graph, graph.make_inputs(2, length, length)) for length in (3, 12)]
    write_json(folder / GOLDEN_FILE, cases, indent=None)


def encoder_manifest(folder: Path, system: LabelSystem, config: ModelConfig, graphs: list[Graph], origin: dict) -> dict:
    """manifest.json of the encoder bundle; all other files must be in the folder already."""
    image, text = graphs
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    return {
        "kind": "encoder",
        "format": 1,
        "name": ENCODER_NAME,
        "files": hash_files(folder),
        "preprocess": {
            "width": config.image_width,
            "height": config.image_height,
            "channels": 3,
            "fit": "contain",
            "kernel": "lanczos3",
            "background": [255, 255, 255],
        },
        "text": {
            "tokenizer": "tokenizer.json",
            "contextLength": config.context_length,
            "vocabularySize": len(tokenizer["model"]["vocab"]),
            "beginTokenId": BEGIN_ID,
            "endTokenId": END_ID,
            "padTokenId": PAD_ID,
        },
        "towers": {
            "image": {
                "file": "image.onnx",
                "tokenCount": system.image.token_count,
                "multiplyAdds": multiply_adds(image),
            },
            "text": {"file": "text.onnx", "multiplyAdds": multiply_adds(text)},
        },
        "tokenWidth": config.width,
        "embeddingWidth": config.embedding_width,
        "contrastiveScale": round(system.logit_scale.exp().item(), 3),
        "golden": {"file": GOLDEN_FILE, "absoluteTolerance": GOLDEN_TOLERANCE},
        "training": {**origin, "parameters": parameter_count(graphs)},
    }


def fusion_manifest(
    folder: Path,
    config: ModelConfig,
    graph: Graph,
    origin: dict,
    encoder: str,
    generation: int,
    tasks: list[dict],
    metrics: dict,
) -> dict:
    """manifest.json of the fusion bundle."""
    return {
        "kind": "fusion",
        "format": 1,
        "name": FUSION_NAME,
        "architecture": "cma-clip",
        "generation": generation,
        "requires": {"encoder": encoder},
        "files": hash_files(folder),
        "graph": {"file": "fusion.onnx", "multiplyAdds": multiply_adds(graph), **attention_spec(config, graph)},
        "tokenWidth": config.width,
        "embeddingWidth": config.embedding_width,
        "tasks": tasks,
        "metrics": metrics,
        "golden": {"file": GOLDEN_FILE, "absoluteTolerance": GOLDEN_TOLERANCE},
        "training": {**origin, "parameters": parameter_count([graph])},
    }


def attention_spec(config: ModelConfig, graph: Graph) -> dict:
    """What the manifest says of the graph's attention: where on the model's picture the patch of each image token lies."""
    if ATTENTION not in graph.outputs:
        return {}
    rows, columns = patch_grid(config)
    # The middle of the first pixel: three convolutions of stride 2, padded by 1, keep it in the middle of what the first patch sees.
    return {"attention": {"source": "last-block", "columns": columns, "rows": rows, "stepPx": STRIDE, "firstCentrePx": 0.5}}


def with_match(manifest: dict, match: dict[str, float] | None) -> dict:
    """A fusion manifest that says from where on image and text belong together (`match_spec`), where that was measured."""
    return manifest if match is None else {**manifest, "match": match}


def parameter_count(graphs: list[Graph]) -> int:
    """Weights of some graphs together."""
    return sum(weight.numel() for graph in graphs for weight in graph.module.parameters())


def task_specs(labels: dict[str, list[str]], calibration: dict[str, dict], paths: dict[str, dict]) -> list[dict]:
    """The manifest's `tasks`, in the order of the graph's outputs."""
    specs = []
    for task, names in labels.items():
        spec = {"name": task, "labels": names, **calibration[task]}
        if task in paths:
            spec["paths"] = paths[task]
        category = label_categories(task, names)
        if category is not None:
            spec["category"] = category
        specs.append(spec)
    return specs
