"""What the bundles have the shapes of."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from ..clip_export.checkpoint import Clip, Preprocessing, Tokeniser, TowerShape
from ..clip_export.towers import ClipImageTower, ClipTextTower
from ..config import ModelConfig
from ..fusion_head import FusionHead
from ..graphs import Graph, Inputs, fusion_graph


@dataclasses.dataclass(frozen=True)
class Shapes:
    """A CLIP, and a head over its tokens. Sizes are in pixels, widths in features."""

    title: str
    slug: str
    size: int
    patch: int
    image: TowerShape
    text: TowerShape
    context_length: int
    vocabulary: int
    embedding_width: int
    head: ModelConfig


# The towers of Radford et al. 2021. The head has the proportions of the default one: as wide as the tokens of the text, two blocks deep.
VIT_B32 = Shapes(
    title="CLIP ViT-B/32",
    slug="vit-b32",
    size=224,
    patch=32,
    image=TowerShape(width=768, layers=12, heads=12, hidden=3072, activation="quick_gelu", epsilon=1e-5),
    text=TowerShape(width=512, layers=12, heads=8, hidden=2048, activation="quick_gelu", epsilon=1e-5),
    context_length=77,
    vocabulary=49408,
    embedding_width=512,
    head=ModelConfig(width=512, heads=8, fusion_blocks=2, fusion_mlp_ratio=2.0, embedding_width=512, context_length=77),
)
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def make_towers(shapes: Shapes, tokeniser: Tokeniser) -> tuple[Clip, ClipImageTower, ClipTextTower]:
    """A CLIP that is no checkpoint of any library: it is described by its own towers, whose weights are still to be set."""
    preprocessing = Preprocessing(shapes.size, "cubic", 1 / 255, MEAN, DEVIATION)
    image = ClipImageTower(shapes.image, shapes.patch, shapes.embedding_width, preprocessing).eval()
    text = ClipTextTower(shapes.text, shapes.vocabulary, shapes.context_length, shapes.embedding_width, tokeniser.end).eval()
    clip = Clip(
        source=f"the shapes of {shapes.title}",
        library="none",
        patch=shapes.patch,
        image=shapes.image,
        text=shapes.text,
        context_length=shapes.context_length,
        vocabulary=shapes.vocabulary,
        embedding_width=shapes.embedding_width,
        contrastive_scale=100.0,
        preprocessing=preprocessing,
        tokeniser=tokeniser,
        image_weights=image.state_dict(),
        text_weights=text.state_dict(),
        image_reference=image,
        text_reference=lambda ids: text(ids, (ids != tokeniser.pad).long()),
    )
    return clip, image, text


class ProjectedHead(nn.Module):
    """The default head over tokens of other widths than its own: each sequence is projected first."""

    def __init__(self, image_width: int, text_width: int, config: ModelConfig, class_counts: list[int]) -> None:
        super().__init__()
        self.image = nn.Linear(image_width, config.width)
        self.text = nn.Linear(text_width, config.width)
        self.head = FusionHead(config, class_counts)

    def explain(
        self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor
    ) -> tuple[list[Tensor], Tensor, Tensor, Tensor]:
        """See `FusionHead.explain`."""
        return self.head.explain(self.image(image_tokens), image_mask, self.text(text_tokens), text_mask)


def head_graph(shapes: Shapes, head: ProjectedHead, token_count: int, tasks: list[str]) -> Graph:
    """As `fusion_graph`, with inputs of both widths."""
    graph = fusion_graph(SimpleNamespace(image=SimpleNamespace(token_count=token_count), fusion=head), shapes.head, tasks)

    def make_inputs(batch: int, length: int, seed: int) -> Inputs:
        inputs, random = graph.make_inputs(batch, length, seed), torch.Generator().manual_seed(seed)
        return {
            **inputs,
            "image_tokens": torch.randn(batch, token_count, shapes.image.width, generator=random),
            "text_tokens": torch.randn(batch, length, shapes.text.width, generator=random),
        }

    return dataclasses.replace(graph, make_inputs=make_inputs)
