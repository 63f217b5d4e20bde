import hashlib
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
from conftest import TINY, run_command
from onnx import numpy_helper

from labelstream_training.bundle import bundle_id
from labelstream_training.graphs import ATTENTION, Graph, all_graphs, fusion_graph, write_graph
from labelstream_training.heads import HEADS
from labelstream_training.parity import ParityError, check_parity, open_session, require_parity
from labelstream_training.system import LabelSystem

LENGTHS = (1, 5, 12)


@pytest.fixture(scope="module")
def graphs() -> list[Graph]:
    torch.manual_seed(5)
    return all_graphs(LabelSystem(TINY, [2, 3, 2, 2, 3, 1, 1]).eval(), TINY)


@pytest.fixture(scope="module")
def files(graphs: list[Graph], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("onnx")
    for graph in graphs:
        write_graph(graph, folder / f"{graph.name}.onnx")
    return [folder / f"{graph.name}.onnx" for graph in graphs]


def test_exported_graphs_equal_pytorch(graphs: list[Graph], files: list[Path]) -> None:
    require_parity(list(zip(graphs, files, strict=True)), TINY.context_length)


def test_graphs_are_opset_17(files: list[Path]) -> None:
    for path in files:
        assert [item.version for item in onnx.load(path).opset_import if item.domain in ("", "ai.onnx")] == [17]


def test_broken_graphs_are_refused_and_all_failures_are_listed(graphs: list[Graph], files: list[Path], tmp_path: Path) -> None:
    broken = []
    for path in files[1:]:
        model = onnx.load(path)
        weight = max(model.graph.initializer, key=lambda item: len(item.raw_data))
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight)[::-1].copy(), weight.name))
        onnx.save(model, tmp_path / path.name)
        broken.append(tmp_path / path.name)
    with pytest.raises(ParityError) as caught:
        require_parity(list(zip(graphs[1:], broken, strict=True)), TINY.context_length)
    assert {line.split()[0] for line in caught.value.failures} == {"text", "fusion"}
    assert "off by" in str(caught.value)


def test_a_renamed_output_is_refused(graphs: list[Graph], files: list[Path], tmp_path: Path) -> None:
    model = onnx.load(files[0])
    model.graph.output[0].name = "sequence"
    for node in model.graph.node:
        node.output[:] = ["sequence" if name == "tokens" else name for name in node.output]
        node.input[:] = ["sequence" if name == "tokens" else name for name in node.input]
    onnx.save(model, tmp_path / "renamed.onnx")
    failures = check_parity(graphs[0], tmp_path / "renamed.onnx", LENGTHS, 1e-4)
    assert len(failures) == 1 and "sequence" in failures[0]


def test_a_frozen_batch_size_is_refused(graphs: list[Graph], tmp_path: Path) -> None:
    frozen = Graph(graphs[1].name, graphs[1].module, graphs[1].outputs, {}, graphs[1].make_inputs)
    write_graph(frozen, tmp_path / "frozen.onnx")
    failures = check_parity(graphs[1], tmp_path / "frozen.onnx", LENGTHS, 1e-4)
    assert any("axis 0 of input_ids is fixed" in failure for failure in failures)


def test_the_attention_is_that_of_pytorch_and_costs_no_node(graphs: list[Graph], files: list[Path], tmp_path: Path) -> None:
    fusion = graphs[2]
    assert fusion.outputs[-1] == ATTENTION
    session = open_session(files[2])
    inputs = fusion.make_inputs(3, 7, 4)
    (found,) = session.run([ATTENTION], {name: value.numpy() for name, value in inputs.items()})
    with torch.no_grad():
        expected = fusion.module(*inputs.values())[-1].numpy()
    assert found.shape == (3, TINY.heads, *[inputs["image_mask"].shape[1] + 7] * 2)
    assert abs(found - expected).max() < 1e-5
    served = Graph("fusion", Served(fusion.module), fusion.outputs[:-1], fusion.dynamic_axes, fusion.make_inputs)
    write_graph(served, tmp_path / "served.onnx")
    kinds = [sorted(node.op_type for node in onnx.load(path).graph.node) for path in (files[2], tmp_path / "served.onnx")]
    assert kinds[0] == kinds[1]


class Served(torch.nn.Module):
    """A fusion graph without its attention."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.module(*inputs)[:-1]


def test_a_head_that_tells_no_attention_has_none_in_its_graph() -> None:
    head = HEADS["clip-mlp"].make(TINY, [2, 3, 2, 2, 3, 1, 1])
    system = SimpleNamespace(image=SimpleNamespace(token_count=13), fusion=head)
    assert ATTENTION not in fusion_graph(system, TINY).outputs


def test_the_manifest_says_where_the_patches_of_the_attention_lie(exported: Path) -> None:
    graph = json.loads((exported / "fusion-fashion-cma" / "manifest.json").read_text("utf-8"))["graph"]
    towers = json.loads((exported / "encoder-fashion-small" / "manifest.json").read_text("utf-8"))["towers"]
    assert graph["attention"] == {"source": "last-block", "columns": 3, "rows": 4, "stepPx": 8, "firstCentrePx": 0.5}
    assert towers["image"]["tokenCount"] == 1 + 3 * 4


def test_manifest_hashes_match_files(exported: Path) -> None:
    for folder in exported.iterdir():
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        listed = {path.name for path in folder.iterdir()} - {"manifest.json"}
        assert set(manifest["files"]) == listed
        for name, entry in manifest["files"].items():
            data = (folder / name).read_bytes()
            assert entry == {"sha256": hashlib.sha256(data).hexdigest(), "sizeBytes": len(data)}


def test_a_head_can_be_written_over_the_encoder_that_is_served_already(
    exported: Path, run_folder: Path, data_folder: Path, tmp_path: Path
) -> None:
    served = exported / "encoder-fashion-small"
    arguments = [
        "--data",
        str(data_folder),
        "--run",
        str(run_folder),
        "--models",
        str(tmp_path),
        "--origin",
        str(run_folder / "origin.json"),
    ]
    assert run_command(["export", *arguments, "--encoder", str(served), "--generation", "2"]) == 0
    assert [folder.name for folder in tmp_path.iterdir()] == ["fusion-fashion-cma"]
    manifest = json.loads((tmp_path / "fusion-fashion-cma" / "manifest.json").read_text("utf-8"))
    assert manifest["requires"] == {"encoder": bundle_id(served)}
    assert manifest["generation"] == 2


def test_a_head_is_not_written_over_an_encoder_with_other_towers(
    exported: Path, run_folder: Path, data_folder: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(exported / "encoder-fashion-small", tmp_path / "other")
    model = onnx.load(other / "text.onnx")
    changed = next(tensor for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 2)
    changed.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(changed) + np.float32(1.0), changed.name))
    onnx.save(model, other / "text.onnx")
    arguments = ["--data", str(data_folder), "--run", str(run_folder), "--models", str(tmp_path / "models")]
    assert run_command(["export", *arguments, "--origin", str(run_folder / "origin.json"), "--encoder", str(other)]) == 1
    assert not (tmp_path / "models").exists()
