"""The contract's golden vectors in the repository, against today's code. TypeScript reads the same files."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from labelstream_training.bundle import bundle_id
from labelstream_training.golden import Chain, token_ids
from labelstream_training.pixels import preprocess
from labelstream_training.tokenise import load_tokenizer

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "packages" / "shared" / "contracts" / "golden"
ENCODER, FUSION = ROOT / "models" / "encoder-fashion-small", ROOT / "models" / "fusion-fashion-cma"


def read(name: str) -> dict:
    return json.loads((GOLDEN / name).read_text("utf-8"))


@pytest.mark.parametrize("case", read("tokenisation.json")["cases"], ids=lambda case: ascii(case["text"][:20]))
def test_tokenisation(case: dict) -> None:
    assert token_ids(load_tokenizer(ENCODER / "tokenizer.json"), case["text"]) == case["ids"]


@pytest.mark.parametrize("case", read("preprocessing.json")["cases"], ids=lambda case: case["name"])
def test_preprocessing(case: dict) -> None:
    spec = case["preprocess"]
    pixels = preprocess(base64.b64decode(case["input"]), spec["width"], spec["height"])
    expected = np.frombuffer(base64.b64decode(case["pixels"]), dtype=np.uint8).reshape(case["dims"])
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected.astype(int)).max() <= case["absoluteTolerance"]


def test_model() -> None:
    golden = read("model.json")
    assert (golden["encoder"], golden["fusion"]) == (bundle_id(ENCODER), bundle_id(FUSION))
    pixels = np.frombuffer(base64.b64decode(golden["pixels"]["base64"]), dtype=np.uint8).reshape(golden["pixels"]["dims"])
    chain = Chain(ENCODER, FUSION)
    flags = {"complete": (True, True), "imageOnly": (True, False), "textOnly": (False, True)}
    for case in golden["cases"]:
        found = chain.run(pixels, golden["ids"], *flags[case["name"]])
        for name, expected in case.items():
            if name == "logits":
                for task, values in expected.items():
                    assert found["logits"][task] == pytest.approx(values, abs=golden["absoluteTolerance"]), task
            elif name != "name":
                difference = np.abs(np.array(found[name]) - np.array(expected)).max()
                assert difference <= golden["absoluteTolerance"], name
