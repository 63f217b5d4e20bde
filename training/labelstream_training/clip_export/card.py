"""MODEL_CARD.md of an encoder bundle made from a CLIP checkpoint."""

from __future__ import annotations

from .checkpoint import Clip
from .compare import Difference

PRECISION_NOTES = {
    "fp32": "Weights and arithmetic are float32.",
    "fp16": "Matrices are stored as float16 and computed with as float32: half the file, the same speed.",
    "int8": "Matrices are int8 and activations are quantised as they come, over the whole batch: the same listing gets slightly different "
    "tokens in other company. Where labels must not depend on that, use fp16.",
}


def clip_card(clip: Clip, name: str, precision: str, differences: dict[str, Difference], command: str) -> str:
    """The card, with the differences from the original library as measured at the export."""
    size, image, text = clip.preprocessing.size, clip.image, clip.text
    patches = (size // clip.patch) ** 2
    rows = "\n".join(
        f"| {tower} | {found.tokens:.1e} | {found.embedding:.1e} | {found.cosine:.6f} |" for tower, found in differences.items()
    )
    return f"""# {name}

Encoder bundle made from the CLIP checkpoint `{clip.source}`, read by {clip.library}. Nothing was trained. Licence and limits are those
of the checkpoint.

- pictures of {size} × {size} pixels in patches of {clip.patch}: {patches + 1} tokens of {image.width} features, {image.layers} layers
- texts of up to {clip.context_length} tokens of {text.width} features, {text.layers} layers; token 0 is the end token, where CLIP pools
- embeddings of {clip.embedding_width} features, contrastive scale {clip.contrastive_scale:.3f}

## Precision: {precision}
{PRECISION_NOTES[precision]} Largest differences from the original library in float32, on random inputs, and the
smallest cosine of two embeddings:

| tower | token values | embedding values | cosine |
| --- | --- | --- | --- |
{rows}

## Made by

```sh
{command}
```
"""
