"""Every model system of the field as a head over the same token sequences, with the interface of `FusionHead.forward`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from torch import nn

from ..config import ModelConfig
from .clip_mlp import ClipMlp
from .clip_transformer import ClipTransformer
from .cma_clip import CmaClip
from .cma_clip_no_modality import CmaClipNoModality
from .cma_clip_plain import CmaClipPlain
from .coca_pooling import CocaPooling
from .embracenet import EmbraceNet
from .mmbt import Mmbt
from .one_stream import AlignedOneStream, OneStream
from .unimodal import ImageOnly, TextOnly


@dataclasses.dataclass(frozen=True)
class HeadKind:
    """A system: how it is called in tables, its paper's arXiv id, how it is made, and the modalities (image, text) it looks at."""

    title: str
    paper: str
    make: Callable[[ModelConfig, Sequence[int]], nn.Module]
    sees: tuple[bool, bool] = (True, True)


# Names as in a fusion manifest's `architecture`.
HEADS: dict[str, HeadKind] = {
    "cma-clip": HeadKind("CMA-CLIP", "2112.03562", CmaClip),
    "cma-clip-no-modality": HeadKind("CMA-CLIP without modality-wise attention", "2112.03562", CmaClipNoModality),
    "cma-clip-plain": HeadKind("CMA-CLIP without modality-wise and sequence-wise attention", "2112.03562", CmaClipPlain),
    "clip-mlp": HeadKind("CLIP + MLP", "2103.00020", ClipMlp),
    "clip-transformer": HeadKind("CLIP + transformer", "2103.00020", ClipTransformer),
    "mmbt": HeadKind("MMBT", "1909.02950", Mmbt),
    "embracenet": HeadKind("EmbraceNet", "1904.09078", EmbraceNet),
    "one-stream": HeadKind("one-stream (ImageBERT)", "2001.07966", OneStream),
    "one-stream-aligned": HeadKind("one-stream, aligned masking (KaleidoBERT)", "2103.16110", AlignedOneStream),
    "coca-pooling": HeadKind("CoCa attentional pooling", "2205.01917", CocaPooling),
    "image-only": HeadKind("image only", "", ImageOnly, (True, False)),
    "text-only": HeadKind("text only", "", TextOnly, (False, True)),
}
