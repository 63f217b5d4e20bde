"""Golden vectors of the contract: data that Python and TypeScript both read and must reproduce."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np

from .bundle import ENCODER_NAME, FUSION_NAME, GOLDEN_TOLERANCE, bundle_id, write_cases
from .catalogue import listing_text
from .drawings import DRAWINGS, draw, png
from .parity import open_session
from .pixels import preprocess
from .tokenise import load_tokenizer

# First values that are kept of each output.
VALUES = 24

TEXTS = (
    "Nike Men Blue Running Shoes",
    "nike men blue running shoes",
    "",
    " ",
    "  Puma   Women\tBlack\nT-shirt  ",
    'Levi\'s 511™ Slim-Fit Jeans (32" x 34")',
    "Crème brûlée café façade",
    "Cre\u0300me de\u0301compose\u0301e",
    "İSTANBUL ΣΊΣΥΦΟΣ STRASSE ẞ",
    "नीली साड़ी",
    "東京のスニーカー",
    "مرحبا بالعالم",
    "👟 shoes 👩‍👩‍👧 emoji",
    "<b>Bold</b> <script>alert('x')</script> &amp; &#39;",
    "100% cotton 3-pack 12.5cm",
    "<s> fake begin </s> <pad>",
    "\u0000\u0001\ufeffcontrol\u200b\u00adsoft",
    "ﬁancée ½ ② Ａ",
    "a" * 400,
    "word " * 200,
    "Red " * 27 + "end",
)


def base64_of(data: bytes) -> str:
    """ASCII form of bytes."""
    return base64.b64encode(data).decode("ascii")


def tokenisation(encoder: Path) -> dict:
    """Texts and the ids they must give."""
    tokenizer = load_tokenizer(encoder / "tokenizer.json")
    manifest = json.loads((encoder / "manifest.json").read_text("utf-8"))
    return {
        "what": "text (stripped) → token ids with begin and end token, cut to contextLength; an empty text has no ids",
        "contextLength": manifest["text"]["contextLength"],
        "cases": [{"text": text, "ids": token_ids(tokenizer, text)} for text in TEXTS],
    }


def token_ids(tokenizer: object, text: str) -> list[int]:
    """What training does with a title."""
    chosen = listing_text(text, None)
    return tokenizer.encode(chosen).ids if chosen else []


def preprocessing(encoder: Path) -> dict:
    """Encoded pictures and the pixels they must give."""
    spec = json.loads((encoder / "manifest.json").read_text("utf-8"))["preprocess"]
    small = {**spec, "width": 24, "height": 32}
    cases = []
    for name, (make, tolerance) in DRAWINGS.items():
        data = make()
        for chosen in (spec, small) if "exactly" in name else (small,):
            pixels = preprocess(data, chosen["width"], chosen["height"])
            cases.append(
                {
                    "name": f"{name} → {chosen['width']} × {chosen['height']}",
                    "input": base64_of(data),
                    "preprocess": chosen,
                    "absoluteTolerance": tolerance,
                    "dims": list(pixels.shape),
                    "pixels": base64_of(pixels.tobytes()),
                }
            )
    return {
        "what": "encoded image (base64) → uint8 RGB pixels (base64, row-major height × width × 3), per preprocess spec; "
        "absoluteTolerance is the largest allowed difference of any value",
        "cases": cases,
    }


def first_values(value: np.ndarray) -> list[float]:
    """Leading values, row-major."""
    return [round(float(item), 6) for item in value.reshape(-1)[:VALUES]]


class Chain:
    """The three graphs of two bundles, run one after the other."""

    def __init__(self, encoder: Path, fusion: Path) -> None:
        self.image = open_session(encoder / "image.onnx")
        self.text = open_session(encoder / "text.onnx")
        self.fusion = open_session(fusion / "fusion.onnx")
        self.tasks = [task["name"] for task in json.loads((fusion / "manifest.json").read_text("utf-8"))["tasks"]]

    def run(self, pixels: np.ndarray, ids: list[int], has_image: bool, has_text: bool) -> dict:
        """Outputs of one listing: uint8 pixels [H, W, 3] and token ids; a missing modality is masked."""
        image_tokens, image_embedding = self.image.run(None, {"pixels": pixels[None]})
        input_ids = np.array([ids], dtype=np.int64)
        text_tokens, text_embedding = self.text.run(None, {"input_ids": input_ids, "attention_mask": np.ones_like(input_ids)})
        *logits, weights, embedding = self.fusion.run(
            [*(f"logits_{task}" for task in self.tasks), "modality_weights", "embedding"],
            {
                "image_tokens": image_tokens,
                "image_mask": np.full(image_tokens.shape[:2], float(has_image), dtype=np.float32),
                "text_tokens": text_tokens,
                "text_mask": np.full(text_tokens.shape[:2], float(has_text), dtype=np.float32),
            },
        )
        return {
            "imageTokens": first_values(image_tokens),
            "imageEmbedding": first_values(image_embedding),
            "textTokens": first_values(text_tokens),
            "textEmbedding": first_values(text_embedding),
            "logits": {task: first_values(scores) for task, scores in zip(self.tasks, logits, strict=True)},
            "modalityWeights": [[round(float(share), 6) for share in pair] for pair in weights[0]],
            "embedding": first_values(embedding),
        }


def model(encoder: Path, fusion: Path) -> dict:
    """Whole way of one drawn picture and one title through both bundles, per missing modality."""
    chain = Chain(encoder, fusion)
    spec = json.loads((encoder / "manifest.json").read_text("utf-8"))["preprocess"]
    pixels = preprocess(png(draw(spec["width"], spec["height"])), spec["width"], spec["height"])
    ids = token_ids(load_tokenizer(encoder / "tokenizer.json"), TEXTS[0])
    flags = {"complete": (True, True), "imageOnly": (True, False), "textOnly": (False, True)}
    return {
        "what": f"pixels and ids → the first {VALUES} values of each output of image.onnx, text.onnx and fusion.onnx",
        "encoder": bundle_id(encoder),
        "fusion": bundle_id(fusion),
        "absoluteTolerance": GOLDEN_TOLERANCE,
        "pixels": {"dims": list(pixels.shape), "base64": base64_of(pixels.tobytes())},
        "ids": ids,
        "cases": [{"name": name, **chain.run(pixels, ids, *pair)} for name, pair in flags.items()],
    }


def write_contracts(models: Path, out: Path) -> list[Path]:
    """Writes tokenisation.json, preprocessing.json and model.json."""
    encoder, fusion = models / ENCODER_NAME, models / FUSION_NAME
    out.mkdir(parents=True, exist_ok=True)
    files = {
        "tokenisation.json": tokenisation(encoder),
        "preprocessing.json": preprocessing(encoder),
        "model.json": model(encoder, fusion),
    }
    for name, content in files.items():
        write_cases(out / name, content, content.pop("cases"))
    return [out / name for name in files]
