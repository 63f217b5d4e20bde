import hashlib
import json
from pathlib import Path

import onnx
import pytest
import torch
from conftest import TINY
from onnx import numpy_helper

from labelstream_training.graphs import Graph, all_graphs, write_graph
from labelstream_training.parity import ParityError, check_parity, require_parity
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


def test_manifest_hashes_match_files(exported: Path) -> None:
    for folder in exported.iterdir():
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        listed = {path.name for path in folder.iterdir()} - {"manifest.json"}
        assert set(manifest["files"]) == listed
        for name, entry in manifest["files"].items():
            data = (folder / name).read_bytes()
            assert entry == {"sha256": hashlib.sha256(data).hexdigest(), "sizeBytes": len(data)}
