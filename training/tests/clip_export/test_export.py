import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from conftest import run_command
from tiny_clips import CONTEXT, EMBEDDING, IMAGE_WIDTH, SIDE, TEXT_WIDTH, write_hugging_face, write_open_clip
from tokenizers import Tokenizer

from labelstream_training.clip_export.bundle import bundle_name
from labelstream_training.clip_export.compare import measure
from labelstream_training.clip_export.graphs import tower_graphs
from labelstream_training.clip_export.sources import read_checkpoint
from labelstream_training.clip_export.towers import build_towers
from labelstream_training.parity import open_session

LIBRARIES = ("transformers", "open_clip")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    return {"transformers": write_hugging_face(folder / "tiny-hf"), "open_clip": write_open_clip(folder / "tiny-open")}


@pytest.fixture(scope="module")
def bundles(checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One fp32 bundle per library, by way of the command line."""
    folder = tmp_path_factory.mktemp("bundles")
    for name, checkpoint in checkpoints.items():
        assert run_command(["export-clip", "--model", str(checkpoint), "--out", str(folder / name)]) == 0
    return {name: folder / name for name in checkpoints}


def manifest_of(bundle: Path) -> dict:
    return json.loads((bundle / "manifest.json").read_text("utf-8"))


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_manifest_has_the_shapes_of_the_checkpoint(bundles: dict[str, Path], library: str) -> None:
    manifest = manifest_of(bundles[library])
    assert manifest["tokenWidth"] == {"image": IMAGE_WIDTH, "text": TEXT_WIDTH}
    assert manifest["embeddingWidth"] == EMBEDDING
    assert manifest["towers"]["image"]["tokenCount"] == 17
    assert manifest["preprocess"] == {
        "width": SIDE,
        "height": SIDE,
        "channels": 3,
        "fit": "cover",
        "kernel": "cubic",
        "background": [255, 255, 255],
    }
    assert manifest["contrastiveScale"] == pytest.approx(1 / 0.07, abs=1e-2)
    text = manifest["text"]
    assert text["contextLength"] == (CONTEXT if library == "transformers" else 77)
    assert text.get("clean") == (None if library == "transformers" else "open-clip")
    assert text["endTokenId"] == text["vocabularySize"] - 1


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_file_is_hashed_and_none_names_a_path_of_this_machine(
    bundles: dict[str, Path], checkpoints: dict[str, Path], library: str
) -> None:
    manifest = manifest_of(bundles[library])
    files = {path.name for path in bundles[library].iterdir()} - {"manifest.json"}
    assert files == set(manifest["files"]) == {"image.onnx", "text.onnx", "tokenizer.json", "golden.json", "MODEL_CARD.md"}
    for name, listed in manifest["files"].items():
        data = (bundles[library] / name).read_bytes()
        assert listed == {"sha256": hashlib.sha256(data).hexdigest(), "sizeBytes": len(data)}
    texts = (bundles[library] / "MODEL_CARD.md").read_text("utf-8") + json.dumps(manifest)
    assert str(bundles[library].parent) not in texts
    assert str(checkpoints[library].parent) not in texts


@pytest.mark.parametrize("library", LIBRARIES)
def test_onnx_equals_the_original_library(bundles: dict[str, Path], checkpoints: dict[str, Path], library: str) -> None:
    clip = read_checkpoint(str(checkpoints[library]), None, None)
    for graph in tower_graphs(clip, *build_towers(clip)):
        found = measure(clip, graph, bundles[library] / f"{graph.name}.onnx")
        assert max(found.tokens, found.embedding) < 1e-4
        assert found.cosine > 0.99999


@pytest.mark.parametrize("library", LIBRARIES)
def test_token_0_is_the_end_token_and_the_words_keep_their_places(
    bundles: dict[str, Path], checkpoints: dict[str, Path], library: str
) -> None:
    clip = read_checkpoint(str(checkpoints[library]), None, None)
    ids = torch.tensor([[clip.tokeniser.begin, 300, 301, clip.tokeniser.end, clip.tokeniser.pad]])
    with torch.no_grad():
        original, embedding = clip.text_reference(ids)
    mask = np.array([[1, 1, 1, 1, 0]])
    session = open_session(bundles[library] / "text.onnx")
    tokens, own = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask})
    assert np.allclose(tokens[0, :4], original[0, [3, 1, 2, 0]], atol=1e-4)
    assert not tokens[0, 4].any()
    assert np.allclose(own, embedding, atol=1e-4)
    projection = clip.text_weights["projection.weight"].numpy()
    assert np.allclose(tokens[0, 0] @ projection.T, own[0], atol=1e-4)


def test_padding_and_a_second_end_token_change_nothing(bundles: dict[str, Path]) -> None:
    manifest = manifest_of(bundles["transformers"])["text"]
    begin, end = manifest["beginTokenId"], manifest["endTokenId"]
    session = open_session(bundles["transformers"] / "text.onnx")
    short = np.array([[begin, 300, end]])
    alone = session.run(None, {"input_ids": short, "attention_mask": np.ones_like(short)})
    longer = np.array([[begin, 300, end, 310, end, end]])
    padded = session.run(None, {"input_ids": longer, "attention_mask": np.array([[1, 1, 1, 1, 1, 0]])})
    assert np.allclose(alone[0], padded[0][:, :3], atol=1e-5)
    assert np.allclose(alone[1], padded[1], atol=1e-5)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_tokenizer_file_gives_the_ids_of_the_library(bundles: dict[str, Path], checkpoints: dict[str, Path], library: str) -> None:
    text = manifest_of(bundles[library])["text"]
    tokenizer = Tokenizer.from_file(str(bundles[library] / "tokenizer.json"))
    ids = tokenizer.encode("a photo of a cat " * 40).ids
    assert len(ids) == text["contextLength"]
    assert (ids[0], ids[-1]) == (text["beginTokenId"], text["endTokenId"])
    assert tokenizer.encode("").ids == [text["beginTokenId"], text["endTokenId"]]


@pytest.mark.parametrize(("precision", "tolerance"), [("fp16", 5e-3), ("int8", 0.5)])
def test_other_precisions_are_smaller_and_near(checkpoints: dict[str, Path], tmp_path: Path, precision: str, tolerance: float) -> None:
    out = tmp_path / precision
    assert run_command(["export-clip", "--model", str(checkpoints["open_clip"]), "--out", str(out), "--precision", precision]) == 0
    clip = read_checkpoint(str(checkpoints["open_clip"]), None, None)
    for graph in tower_graphs(clip, *build_towers(clip)):
        assert measure(clip, graph, out / f"{graph.name}.onnx").tokens < tolerance
    # The word table, by far the largest tensor, is float16 in both.
    assert (out / "text.onnx").stat().st_size < 49408 * TEXT_WIDTH * 3
    kinds = {node.op_type for node in onnx.load(str(out / "image.onnx")).graph.node}
    assert ("MatMulInteger" in kinds) == (precision == "int8")


def test_the_golden_vectors_are_those_of_the_files(bundles: dict[str, Path]) -> None:
    cases = json.loads((bundles["transformers"] / "golden.json").read_text("utf-8"))
    assert [case["graph"] for case in cases] == ["image", "text", "text", "text"]
    assert cases[0]["inputs"]["pixels"]["dims"] == [1, SIDE, SIDE, 3]
    assert cases[3]["inputs"]["input_ids"]["dims"] == [2, CONTEXT]
    for case in cases:
        session = open_session(bundles["transformers"] / f"{case['graph']}.onnx")
        kinds = {"uint8": np.uint8, "int64": np.int64}
        feeds = {name: np.array(value["data"], kinds[value["type"]]).reshape(value["dims"]) for name, value in case["inputs"].items()}
        for name, found in zip(("tokens", "embedding"), session.run(None, feeds), strict=True):
            wanted = case["outputs"][name]
            assert list(found.shape) == wanted["dims"]
            assert np.allclose(found.ravel()[: len(wanted["data"])], wanted["data"], atol=1e-3)


def test_the_bundle_is_named_after_the_checkpoint() -> None:
    assert bundle_name("openai/clip-vit-base-patch32", "fp16") == "encoder-clip-vit-base-patch32-fp16"
    assert bundle_name("/models/My CLIP_v2/", "fp32") == "encoder-my-clip-v2-fp32"
    assert len(bundle_name("x" * 200, "int8")) <= 63
