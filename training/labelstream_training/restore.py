"""Bundles → run folder: whoever has the two bundles can go on from them (refine, calibrate, compare heads) without the run that made them.

The exporter keeps the names of most weights and folds the rest: a linear layer that sees sequences becomes a nameless transposed matrix,
batch norm goes into the convolution before it, sums of two weights become one. What has no name is told by its place: a graph uses its
weights in the order in which the modules define theirs. Nothing is taken on trust: the restored modules are held against the graphs.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from .calibrate import write_calibration
from .catalogue import CatalogueError
from .checkpoint import HEAD_KIND, NEWEST, Checkpoint, make_settings, save_checkpoint
from .config import ModelConfig, TrainConfig
from .graphs import all_graphs
from .parity import require_parity
from .system import LabelSystem
from .tokenise import TOKENIZER_FILE


class GraphWeights:
    """The weights of an ONNX file: by name where they kept it, and the nameless ones by the operator that uses them, in order of use."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(str(path)).graph
        stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        # What is stored as float16 stands under its name behind a Cast.
        widened = {node.output[0]: stored[node.input[0]] for node in graph.node if node.op_type == "Cast" and node.input[0] in stored}
        self.named = {name: as_tensor(values) for name, values in {**stored, **widened}.items()}
        self.nodes = list(graph.node)

    def nameless(self, operator: str) -> Iterator[list[Tensor]]:
        """What each such operator reads that the exporter made up a name for, where it reads any."""
        for node in self.nodes:
            found = [self.named[name] for name in node.input if name.startswith("onnx::") and name in self.named]
            if node.op_type == operator and found:
                yield found

    def constant(self, *shape: int) -> Tensor | None:
        """The first constant of floats that has a shape."""
        constants = (numpy_helper.to_array(node.attribute[0].t) for node in self.nodes if node.op_type == "Constant")
        return next((as_tensor(values) for values in constants if values.shape == shape and values.dtype.kind == "f"), None)


def as_tensor(values: np.ndarray) -> Tensor:
    """A float32 copy of what is some kind of float, and any other as it is."""
    return torch.from_numpy(np.array(values, dtype=np.float32 if values.dtype.kind == "f" else values.dtype))


@torch.no_grad()
def take_graph(module: nn.Module, weights: GraphWeights, prefix: str = "") -> None:
    """Fills a module with the weights of the graph it became; `prefix` is what its names begin with there. Raises CatalogueError."""
    for name, parameter in module.named_parameters():
        if prefix + name in weights.named:
            fill(parameter, weights.named[prefix + name], name)
    matrices, convolutions = weights.nameless("MatMul"), weights.nameless("Conv")
    bias = None
    for name, part in module.named_modules():
        known = f"{prefix}{name}.weight" in weights.named
        if isinstance(part, nn.Linear) and not known:
            fill(part.weight, next_of(matrices, name)[0].t(), name)
        elif isinstance(part, nn.Conv2d) and not known:
            kernel, bias = next_of(convolutions, name)
            fill(part.weight, kernel, name)
        elif isinstance(part, nn.BatchNorm2d):
            fill(part.bias, bias, name)
            part.weight.fill_(1.0)
            part.running_mean.zero_()
            part.running_var.fill_(1.0 - part.eps)


def next_of(found: Iterator[list[Tensor]], name: str) -> list[Tensor]:
    """Raises CatalogueError where the graph has no more of them."""
    values = next(found, None)
    if values is None:
        raise CatalogueError(f"the graph has no weights for {name}: the bundle is of another architecture")
    return values


def fill(parameter: Tensor, values: Tensor, name: str) -> None:
    """Raises CatalogueError where the shapes differ."""
    if parameter.shape != values.shape:
        raise CatalogueError(f"{name} is {tuple(values.shape)} in the graph and {tuple(parameter.shape)} here: another architecture")
    parameter.copy_(values)


@torch.no_grad()
def take_folded(system: LabelSystem, image: GraphWeights, fusion: GraphWeights) -> None:
    """What the exporter has summed or made a constant of."""
    (folded,) = next_of(image.nameless("Expand"), "the class token")
    fill(system.image.class_token, folded, "the class token")
    system.image.class_position.zero_()
    sums = fusion.nameless("Add")
    system.fusion.modality.copy_(torch.stack([next_of(sums, "the modality vectors")[0] for _ in range(2)]))
    tasks, features = system.fusion.sharpness.shape
    # A graph from before the lead of a label counted has the first of them only.
    for places, found in ((slice(features - 1), fusion.constant(tasks, features - 1)), (-1, fusion.constant(tasks))):
        if found is not None:
            system.fusion.sharpness[:, places] = found


def read_manifest(folder: Path, kind: str) -> dict:
    """Raises CatalogueError where the folder is no such bundle."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    if manifest.get("kind") != kind:
        raise CatalogueError(f"{folder} is no {kind} bundle")
    return manifest


def restore_run(encoder: Path, fusion: Path, model: ModelConfig, run: Path) -> Path:
    """Writes a run folder with checkpoint, tokenizer and calibration of two bundles, and returns the checkpoint.

    The towers' own heads of the training are in no bundle: they start anew. Raises CatalogueError where these are not the bundles of a
    CMA-CLIP head and its towers, and ParityError where a graph does not say what the restored module says.
    """
    manifests = read_manifest(encoder, "encoder"), read_manifest(fusion, "fusion")
    if manifests[1]["architecture"] != HEAD_KIND:
        raise CatalogueError(f"{fusion} is a {manifests[1]['architecture']}; a checkpoint holds a {HEAD_KIND}")
    labels = {task["name"]: task["labels"] for task in manifests[1]["tasks"]}
    system = LabelSystem(model, [len(names) for names in labels.values()]).eval()
    files = [encoder / "image.onnx", encoder / "text.onnx", fusion / "fusion.onnx"]
    image, text, head = (GraphWeights(path) for path in files)
    take_graph(system.image, image)
    take_graph(system.text, text)
    take_graph(system.fusion, head, "fusion.")
    take_folded(system, image, head)
    system.logit_scale.data.fill_(math.log(manifests[0]["contrastiveScale"]))
    require_parity(list(zip(all_graphs(system, model, list(labels)), files, strict=True)), model.context_length)
    return write_run(system, manifests[1], make_settings(model, TrainConfig(), labels, [encoder.name, fusion.name]), encoder, run)


def write_run(system: LabelSystem, manifest: dict, settings: dict, encoder: Path, run: Path) -> Path:
    """The restored system, and beside it what `calibrate` would have stored."""
    run.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(encoder / "tokenizer.json", run / TOKENIZER_FILE)
    kept = ("targetPrecision", "temperature", "threshold")
    tasks = {task["name"]: {key: task[key] for key in kept} for task in manifest["tasks"]}
    write_calibration(run, tasks, manifest.get("match"), system.fusion.sharpness.numpy())
    weights = system.state_dict()
    save_checkpoint(run / NEWEST, Checkpoint(step=0, weights=weights, average=weights, optimisers=[], settings=settings))
    return run / NEWEST
