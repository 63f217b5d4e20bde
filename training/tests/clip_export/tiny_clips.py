"""Checkpoint folders of both libraries with random weights: CLIP's architecture, a few thousand weights, the real merges."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import open_clip
import torch
import transformers

from labelstream_training.clip_export.bundle import export_clip
from labelstream_training.clip_export.sources import read_checkpoint
from labelstream_training.clip_export.tokeniser import read_merges, vocabulary_of

SPECIAL = ("<|startoftext|>", "<|endoftext|>")
MERGES = 200
SIDE, PATCH, IMAGE_WIDTH, TEXT_WIDTH, EMBEDDING, CONTEXT = 32, 8, 24, 16, 12, 20
TOWER = {"num_hidden_layers": 2, "num_attention_heads": 2}
OPEN_CLIP = {
    "embed_dim": EMBEDDING,
    "vision_cfg": {"image_size": SIDE, "patch_size": PATCH, "width": IMAGE_WIDTH, "layers": 2, "head_width": 12},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": TEXT_WIDTH, "heads": 2, "layers": 2},
}
PREPROCESSING = {
    "size": SIDE,
    "mode": "RGB",
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
    "interpolation": "bicubic",
    "resize_mode": "shortest",
    "fill_color": 0,
}


def merges_file() -> Path:
    """CLIP's vocabulary, as the library ships it."""
    return Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"


def write_hugging_face(folder: Path, image: dict | None = None, text: dict | None = None) -> Path:
    """A checkpoint of transformers; `image` and `text` change the configuration of its towers."""
    merges = read_merges(merges_file())[:MERGES]
    vocabulary = vocabulary_of(merges, SPECIAL)
    ids = {"bos_token_id": vocabulary[SPECIAL[0]], "eos_token_id": vocabulary[SPECIAL[1]], "pad_token_id": vocabulary[SPECIAL[1]]}
    vision = {"image_size": SIDE, "patch_size": PATCH, "hidden_size": IMAGE_WIDTH, "intermediate_size": 48, **TOWER, **(image or {})}
    words = {"hidden_size": TEXT_WIDTH, "intermediate_size": 32, "max_position_embeddings": CONTEXT, "vocab_size": len(vocabulary), **TOWER}
    config = transformers.CLIPConfig(vision_config=vision, text_config={**words, **ids, **(text or {})}, projection_dim=EMBEDDING)
    torch.manual_seed(0)
    transformers.CLIPModel(config).save_pretrained(folder)
    transformers.CLIPTokenizer(vocabulary, merges).save_pretrained(folder)
    side = config.vision_config.image_size
    sizes = {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
    transformers.CLIPImageProcessor(**sizes).save_pretrained(folder)
    return folder


def write_open_clip(folder: Path, preprocessing: dict | None = None, **changes: dict) -> Path:
    """A checkpoint of open_clip; `changes` to its model configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {**OPEN_CLIP, **{key: {**OPEN_CLIP[key], **value} if isinstance(value, dict) else value for key, value in changes.items()}}
    torch.manual_seed(0)
    torch.save(open_clip.CLIP(**config).state_dict(), folder / "open_clip_pytorch_model.bin")
    whole = {"model_cfg": config, "preprocess_cfg": {**PREPROCESSING, **(preprocessing or {})}}
    (folder / "open_clip_config.json").write_text(json.dumps(whole), "utf-8")
    return folder


def write_fixture(out: Path) -> None:
    """The bundle that the TypeScript tests read."""
    with tempfile.TemporaryDirectory() as scratch:
        clip = read_checkpoint(str(write_hugging_face(Path(scratch) / "tiny-clip")), None, None)
        export_clip(
            clip, out, "encoder-tiny-clip", "fp32", "python tests/clip_export/tiny_clips.py ../packages/shared/test/fixtures/clip-encoder"
        )


if __name__ == "__main__":
    write_fixture(Path(sys.argv[1]))
