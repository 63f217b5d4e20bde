"""Golden vectors of CLIP's pixels and tokens, computed by the original libraries and read by the services' tests."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import io
from pathlib import Path

import numpy as np

from ..bundle import write_cases, write_json
from .random_texts import random_texts, recipe
from .tokeniser import BEGIN, END, open_clip_tokenizer, read_merges, served, vocabulary_of

CONTEXT_LENGTH = 77
HASH_DIGITS = 8
MERGES_FILE, TOKENS_FILE, PIXELS_FILE = "clip-merges.txt.gz", "clip-tokenisation.json", "clip-preprocessing.json"
HUGGING_FACE_SPECIAL = ("<|startoftext|>", "<|endoftext|>")

# Name, width, height, side of the model, noise instead of a drawing, largest and mean difference in steps of uint8. What is enlarged is
# computed as Pillow does it; what is reduced is up to libvips, which averages pixels first from a factor of four on.
PICTURES = (
    ("as large as the model's", 32, 32, 32, True, 0, 0.0),
    ("one pixel too wide", 33, 32, 32, True, 0, 0.0),
    ("an odd rest above and below", 32, 45, 32, True, 0, 0.0),
    ("enlarged", 20, 14, 32, True, 0, 0.0),
    ("enlarged by a pixel", 31, 31, 32, True, 0, 0.0),
    ("enlarged, a strip", 7, 50, 32, True, 0, 0.0),
    ("a single pixel enlarged", 1, 1, 32, True, 0, 0.0),
    ("reduced by a pixel, noise", 33, 34, 32, True, 24, 1.0),
    ("reduced to two thirds, wide", 61, 48, 32, False, 3, 0.3),
    ("reduced to a half, noise", 64, 90, 32, True, 13, 0.5),
    ("reduced to a third, tall", 97, 140, 32, False, 3, 0.3),
    ("reduced to a fifth", 200, 161, 32, False, 6, 0.4),
    ("reduced to a size that is not whole", 150, 99, 64, False, 3, 0.3),
)


def hash_ids(ids: list[int]) -> str:
    """The first digits of the SHA-256 of the ids with commas between them."""
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()[:HASH_DIGITS]


def bare(content: dict) -> dict:
    """A tokenizer.json without the vocabulary and the merges, which the other files have."""
    return {
        **content,
        "model": {key: value for key, value in content["model"].items() if key not in ("vocab", "merges")},
        "truncation": None,
    }


def write_clip_contracts(out: Path) -> list[Path]:
    """Writes the merges, the hashes of the ids of 5,200 texts, and pictures with their pixels."""
    open_clip = importlib.import_module("open_clip")
    merges = read_merges(Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz")
    out.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(" ".join(pair) for pair in merges)
    (out / MERGES_FILE).write_bytes(gzip.compress(lines.encode(), 9, mtime=0))
    write_json(out / TOKENS_FILE, tokenisation(merges))
    pixels = preprocessing()
    write_cases(out / PIXELS_FILE, pixels, pixels.pop("cases"))
    return [out / name for name in (MERGES_FILE, TOKENS_FILE, PIXELS_FILE)]


def tokenisation(merges: list[tuple[str, str]]) -> dict:
    """Both libraries' own tokenisers on the drawn texts."""
    texts = random_texts()
    transformers, open_clip = importlib.import_module("transformers"), importlib.import_module("open_clip")
    vocabulary = vocabulary_of(merges, HUGGING_FACE_SPECIAL)
    hugging_face = transformers.CLIPTokenizer(vocabulary, merges)
    simple = open_clip.tokenizer.SimpleTokenizer()
    ends = (simple.sot_token_id, simple.eot_token_id)
    return {
        "what": "Texts drawn from `recipe` (see random_texts.py) and, for each, the first digits of the SHA-256 of all its ids with commas "
        "between them, not truncated, as the library's own tokeniser makes them with CLIP's vocabulary: 256 bytes, 256 bytes at a word's "
        f"end, the lines of {MERGES_FILE} and two special tokens. `repaired`: texts that open_clip also repairs, because they look as if "
        "decoded in a wrong encoding; the service does not.",
        "recipe": recipe(),
        "contextLength": CONTEXT_LENGTH,
        "libraries": [
            {
                "library": "transformers",
                "special": list(HUGGING_FACE_SPECIAL),
                "definition": bare(served(hugging_face.backend_tokenizer)),
                "hashes": "".join(hash_ids(hugging_face(text).input_ids) for text in texts),
                "repaired": [],
            },
            {
                "library": "open_clip",
                "clean": "open-clip",
                "special": [BEGIN, END],
                "definition": bare(served(open_clip_tokenizer(merges, CONTEXT_LENGTH))),
                "hashes": "".join(hash_ids([ends[0], *simple.encode(text), ends[1]]) for text in texts),
                "repaired": repaired(texts),
            },
        ],
    }


def repaired(texts: list[str]) -> list[int]:
    """Places of texts whose encoding ftfy repairs."""
    ftfy = importlib.import_module("ftfy")
    return [place for place, text in enumerate(texts) if ftfy.fix_text(text) != ftfy.fix_text(text, fix_encoding=False)]


def picture(width: int, height: int, is_noise: bool) -> np.ndarray:
    """uint8 [height, width, 3]: a disc on a ramp of colours, or noise, which shows every difference at its largest."""
    if is_noise:
        return np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    down, across = np.mgrid[0:height, 0:width] / np.array([height - 1, width - 1]).reshape(2, 1, 1)
    drawn = np.stack([255 * across, 255 * down, 255 * (1 - across)], axis=2)
    drawn[(across - 0.4) ** 2 + (down - 0.45) ** 2 < 0.06] = (230, 40, 60)
    return drawn.round().astype(np.uint8)


def original_pixels(image: object, side: int) -> np.ndarray:
    """What transformers' CLIP image processor with Pillow makes: uint8 [side, side, 3], before it is scaled and normalised."""
    module = importlib.import_module("transformers.models.clip.image_processing_pil_clip")
    sizes = {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
    processor = module.CLIPImageProcessorPil(**sizes, do_rescale=False, do_normalize=False)
    return np.asarray(processor(image)["pixel_values"][0]).round().astype(np.uint8).transpose(1, 2, 0)


def preprocessing() -> dict:
    """Encoded pictures and the pixels that the original library makes of them."""
    pillow = importlib.import_module("PIL.Image")
    base64 = importlib.import_module("base64")
    cases = []
    for name, width, height, side, is_noise, tolerance, mean_tolerance in PICTURES:
        image = pillow.fromarray(picture(width, height, is_noise))
        encoded = io.BytesIO()
        image.save(encoded, "PNG")
        pixels = original_pixels(image, side)
        cases.append(
            {
                "name": name,
                "input": base64.b64encode(encoded.getvalue()).decode("ascii"),
                "preprocess": {
                    "width": side,
                    "height": side,
                    "channels": 3,
                    "fit": "cover",
                    "kernel": "cubic",
                    "background": [255, 255, 255],
                },
                "absoluteTolerance": tolerance,
                "meanTolerance": mean_tolerance,
                "dims": list(pixels.shape),
                "pixels": base64.b64encode(pixels.tobytes()).decode("ascii"),
            }
        )
    return {
        "what": "encoded picture (base64) → uint8 RGB pixels (base64, row-major height × width × 3) of CLIP's own preprocessing "
        "(transformers with Pillow: shortest edge, bicubic, centre); the tolerances are the largest difference of any value and "
        "the mean of all",
        "cases": cases,
    }
