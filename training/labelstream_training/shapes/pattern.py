"""Weights that are all cut from one short vector, so that a graph needs to hold that vector only.

ONNX Runtime folds what makes a weight of it when a session is made: from then on every matrix is there whole, in float32 and with values
of its own, and a run costs what it costs with any other weights.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import NodeProto, TensorProto, helper, numpy_helper
from torch import nn

# A prime, so that no row of a matrix begins where another one did (but words 8,191 apart are alike).
LENGTH = 8191
# How far the next weight's cut is from the last one's.
STEP = 1009
SEED = 32
SEED_NAME = "pattern"
# Smaller initialisers stay as they are.
LEAST_VALUES = 64
# Spread of what is the same for every listing: biases, positions, class tokens.
SMALL = 0.02


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A weight: values `start`, `start + 1`, … of the repeated vector, times `scale`, plus `offset`, row-major in `shape`."""

    start: int
    scale: float
    offset: float
    shape: tuple[int, ...]

    def values(self) -> np.ndarray:
        """float32, by the same two roundings as the graph's."""
        count = math.prod(self.shape)
        flat = np.tile(pattern().astype(np.float32), repeats(self))[self.start : self.start + count]
        return (flat * np.float32(self.scale) + np.float32(self.offset)).reshape(self.shape)


# What is made by which recipe, by the hash of the values.
Recipes = dict[str, Recipe]


def pattern() -> np.ndarray:
    """The vector: float16 [LENGTH], normal, cut off at 3."""
    return np.random.Generator(np.random.PCG64(SEED)).standard_normal(LENGTH).clip(-3.0, 3.0).astype(np.float16)


def repeats(recipe: Recipe) -> int:
    """How often the vector has to be repeated."""
    return math.ceil((recipe.start + math.prod(recipe.shape)) / LENGTH)


def spread_of(module: nn.Module, name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """Scale and offset of a module's own parameter: activations keep their size from layer to layer, as in a trained model."""
    if isinstance(module, nn.LayerNorm):
        return (0.1, 1.0) if name == "weight" else (SMALL, 0.0)
    if isinstance(module, nn.Embedding):
        return 1.0, 0.0
    if isinstance(module, nn.Linear | nn.Conv2d) and name == "weight":
        return math.prod(shape[1:]) ** -0.5, 0.0
    return SMALL, 0.0


@torch.no_grad()
def fill(module: nn.Module, gains: dict[str, float] | None = None) -> Recipes:
    """Sets every parameter, in place. `gains`: what the scale of a parameter whose name begins so is multiplied with."""
    recipes: Recipes = {}
    for prefix, part in module.named_modules():
        for name, weight in part.named_parameters(recurse=False):
            whole = f"{prefix}.{name}".removeprefix(".")
            scale, offset = spread_of(part, name, tuple(weight.shape))
            gain = next((value for start, value in (gains or {}).items() if whole.startswith(start)), 1.0)
            recipe = Recipe(len(recipes) * STEP % LENGTH, scale * gain, offset, tuple(weight.shape))
            values = recipe.values()
            weight.copy_(torch.from_numpy(values))
            recipes[fingerprint(values)] = recipe
    return recipes


def fingerprint(values: np.ndarray) -> str:
    """Names an array by shape and values."""
    return f"{values.shape} {hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()}"


def store_as_recipes(path: Path, recipes: Recipes) -> None:
    """Rewrites an ONNX file: initialisers that a recipe makes, transposed ones included, become the nodes that make them."""
    model = onnx.load(str(path))
    graph = model.graph
    kept, nodes = [], [helper.make_node("Cast", [f"{SEED_NAME}.half"], [SEED_NAME], to=TensorProto.FLOAT)]
    for tensor in graph.initializer:
        found = made_by(tensor, recipes)
        if found is None:
            kept.append(tensor)
        else:
            made, constants = subgraph(tensor.name, *found)
            nodes += made
            kept += constants
    nodes += graph.node
    for field, content in ((graph.initializer, [numpy_helper.from_array(pattern(), f"{SEED_NAME}.half"), *kept]), (graph.node, nodes)):
        # `kept` has parts of the field itself, which do not outlive its end.
        copies = [type(item).FromString(item.SerializeToString()) for item in content]
        del field[:]
        field.extend(copies)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def made_by(tensor: TensorProto, recipes: Recipes) -> tuple[Recipe, bool] | None:
    """The recipe of an initialiser, and whether it makes its transpose."""
    if tensor.data_type != TensorProto.FLOAT or math.prod(tensor.dims) < LEAST_VALUES:
        return None
    values = numpy_helper.to_array(tensor)
    for transposed in (False, True):
        recipe = recipes.get(fingerprint(values.T if transposed else values))
        if recipe is not None:
            return recipe, transposed
    return None


def subgraph(name: str, recipe: Recipe, transposed: bool) -> tuple[list[NodeProto], list[TensorProto]]:
    """Nodes that make the tensor `name`, and the constants they need."""
    count = math.prod(recipe.shape)
    steps: list[tuple[str, dict[str, np.ndarray]]] = [
        ("Tile", {"repeats": np.array([repeats(recipe)])}),
        ("Slice", {"starts": np.array([recipe.start]), "ends": np.array([recipe.start + count])}),
        ("Reshape", {"shape": np.array(recipe.shape)}),
        *([("Transpose", {})] if transposed else []),
        ("Mul", {"scale": np.array(recipe.scale, np.float32)}),
        *([("Add", {"offset": np.array(recipe.offset, np.float32)})] if recipe.offset else []),
    ]
    nodes, constants, previous = [], [], SEED_NAME
    for at, (kind, values) in enumerate(steps):
        inputs = [numpy_helper.from_array(value, f"{name}.{key}") for key, value in values.items()]
        output = name if at == len(steps) - 1 else f"{name}.{kind}"
        nodes.append(helper.make_node(kind, [previous, *(item.name for item in inputs)], [output]))
        constants += inputs
        previous = output
    return nodes, constants
