from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from labelstream_training.graphs import Graph, trace_graph
from labelstream_training.parity import compare_values, open_session
from labelstream_training.shapes.pattern import LENGTH, Recipe, fill, fingerprint, pattern, repeats, store_as_recipes

IN, HIDDEN, WORDS = 96, 200, 300


class Words(nn.Module):
    """A little of everything that a tower has: a table, a norm, a matrix that is transposed in the file and one that is not."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(WORDS, IN)
        self.places = nn.Parameter(torch.zeros(5, IN))
        self.norm = nn.LayerNorm(IN)
        self.wide = nn.Linear(IN, HIDDEN)
        self.flat = nn.Linear(HIDDEN, IN, bias=False)

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.wide(self.norm(self.table(ids) + self.places))
        return x, self.flat(x[:, 0])


@pytest.fixture(scope="module")
def graph() -> Graph:
    axes = {name: {0: "batch"} for name in ("ids", "x", "first")}

    def make_inputs(batch: int, _length: int, seed: int) -> dict[str, torch.Tensor]:
        return {"ids": torch.randint(0, WORDS, (batch, 5), generator=torch.Generator().manual_seed(seed))}

    return Graph("words", Words().eval(), ("x", "first"), axes, make_inputs)


def test_a_recipe_cuts_its_values_out_of_the_repeated_vector() -> None:
    recipe = Recipe(start=LENGTH - 2, scale=2.0, offset=1.0, shape=(2, 3))
    vector = pattern().astype(np.float32)
    assert repeats(recipe) == 2
    assert recipe.values().tolist() == (np.array([*vector[-2:], *vector[:4]]).reshape(2, 3) * 2 + 1).tolist()


def test_weights_differ_and_keep_activations_their_size(graph: Graph) -> None:
    recipes = fill(graph.module)
    assert len(recipes) == len(list(graph.module.parameters()))
    assert set(recipes) == {fingerprint(weight.detach().numpy()) for weight in graph.module.parameters()}
    x, first = graph.module(torch.arange(80).view(16, 5))
    for values in (x, first):
        assert 0.5 < values.std() < 2.0
        assert torch.cdist(values.flatten(1), values.flatten(1)).fill_diagonal_(9.0).min() > 0.1


def test_a_gain_is_for_parameters_whose_name_begins_so(graph: Graph) -> None:
    fill(graph.module)
    before = {name: weight.detach().clone() for name, weight in graph.module.named_parameters()}
    fill(graph.module, {"wide": 4.0})
    for name, weight in graph.module.named_parameters():
        assert torch.equal(weight, before[name] * (4.0 if name.startswith("wide") else 1.0))


def test_the_small_file_opens_as_the_graph_that_the_large_one_opens_as(graph: Graph, tmp_path: Path) -> None:
    recipes = fill(graph.module)
    large, small = tmp_path / "large.onnx", tmp_path / "small.onnx"
    trace_graph(graph, large)
    trace_graph(graph, small)
    store_as_recipes(small, recipes)
    assert large.stat().st_size > 200_000 > 10 * 2 * LENGTH > small.stat().st_size
    assert compare_values(graph, open_session(small), graph.make_inputs(3, 5, 2), "small", 1e-6) == []
    opened = [opened_nodes(path) for path in (large, small)]
    assert opened[0] == opened[1]


def opened_nodes(path: Path) -> list[str]:
    """Kinds of the nodes that are left when ONNX Runtime has opened a file: what a run computes."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(path.with_suffix(".opened"))
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return sorted(node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node)


def test_what_no_recipe_makes_stays_as_it_is(graph: Graph, tmp_path: Path) -> None:
    recipes = fill(graph.module)
    with torch.no_grad():
        graph.module.wide.weight.add_(1.0)
    trace_graph(graph, tmp_path / "other.onnx")
    store_as_recipes(tmp_path / "other.onnx", recipes)
    kept = [list(item.dims) for item in onnx.load(tmp_path / "other.onnx").graph.initializer if len(item.dims) == 2]
    assert kept == [[IN, HIDDEN]]
