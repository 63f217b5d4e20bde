import json
from pathlib import Path

import numpy as np
import pytest
from small_shapes import SMALL

from labelstream_training.bundle import bundle_id, hash_files
from labelstream_training.parity import open_session
from labelstream_training.shapes.bundles import write_shape_bundles
from labelstream_training.tokenise import load_tokenizer

ROOT = Path(__file__).resolve().parents[3]
MODELS, COMMITTED = ROOT / "models", ROOT / "packages" / "cli" / "shapes"
ENCODER, FUSION = "encoder-vit-b32", "fusion-vit-b32"
MOST_BYTES = 3_000_000


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shapes")
    write_shape_bundles(MODELS, out, SMALL)
    return out


def test_a_head_of_other_widths_is_written_over_the_towers(made: Path) -> None:
    encoder, fusion = manifest_of(made / "encoder-small"), manifest_of(made / "fusion-small")
    assert encoder["tokenWidth"] == fusion["tokenWidth"] == {"image": 48, "text": 32}
    assert encoder["towers"]["image"]["tokenCount"] == 17
    assert fusion["requires"] == {"encoder": bundle_id(made / "encoder-small")}
    assert fusion["graph"]["attention"] == {"source": "last-block", "columns": 4, "rows": 4, "stepPx": 8, "firstCentrePx": 4.0}


def test_titles_and_labels_are_those_of_the_default_bundles(made: Path) -> None:
    title = "Nike Men Blue Running Shoes"
    found, kept = (load_tokenizer(folder / "tokenizer.json") for folder in (made / "encoder-small", MODELS / "encoder-fashion-small"))
    assert found.encode(title).ids == kept.encode(title).ids
    assert len(found.encode(title * 20).ids) == SMALL.context_length
    labels = [
        {task["name"]: task["labels"] for task in manifest_of(folder)["tasks"]}
        for folder in (made / "fusion-small", MODELS / "fusion-fashion-cma")
    ]
    assert labels[0] == labels[1]


def test_listings_are_told_apart(made: Path) -> None:
    session = open_session(made / "encoder-small" / "image.onnx")
    pixels = np.random.default_rng(1).integers(0, 256, (2, SMALL.size, SMALL.size, 3), dtype=np.uint8)
    tokens, embedding = session.run(None, {"pixels": pixels})
    for values in (tokens, embedding):
        assert 0.5 < values.std() < 2.0
        assert np.abs(values[0] - values[1]).max() > 0.1


def test_the_committed_bundles_are_small_whole_and_of_the_size_they_are_named_after() -> None:
    encoder, fusion = manifest_of(COMMITTED / ENCODER), manifest_of(COMMITTED / FUSION)
    for folder in (ENCODER, FUSION):
        assert hash_files(COMMITTED / folder) == manifest_of(COMMITTED / folder)["files"]
    assert sum(path.stat().st_size for path in COMMITTED.rglob("*") if path.is_file()) < MOST_BYTES
    assert fusion["requires"] == {"encoder": bundle_id(COMMITTED / ENCODER)}
    # As counted for the checkpoint of open_clip, whose towers have 151.3 M weights.
    assert encoder["training"]["parameters"] == 151_277_312
    assert encoder["towers"]["image"]["multiplyAdds"] == 4_408_811_520
    assert encoder["towers"]["text"]["multiplyAdds"] == 378_978_304
    assert (encoder["tokenWidth"], encoder["towers"]["image"]["tokenCount"]) == ({"image": 768, "text": 512}, 50)


@pytest.mark.parametrize(("folder", "name"), [(ENCODER, "image"), (ENCODER, "text"), (FUSION, "fusion")])
def test_the_committed_graphs_say_what_they_were_written_with(folder: str, name: str) -> None:
    session = open_session(COMMITTED / folder / f"{name}.onnx")
    tolerance = manifest_of(COMMITTED / folder)["golden"]["absoluteTolerance"]
    cases = [case for case in json.loads((COMMITTED / folder / "golden.json").read_text("utf-8")) if case["graph"] == name]
    assert cases
    for case in cases:
        inputs = {key: np.array(value["data"], value["type"]).reshape(value["dims"]) for key, value in case["inputs"].items()}
        found = session.run(list(case["outputs"]), inputs)
        for have, (key, want) in zip(found, case["outputs"].items(), strict=True):
            assert list(have.shape) == want["dims"], key
            assert np.abs(have.reshape(-1)[: len(want["data"])] - np.array(want["data"])).max() < tolerance, key
