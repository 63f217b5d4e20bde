"""Unimodal heads: what is reached from one modality alone. A fused head that falls below one of them has been harmed by fusing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..blocks import Block, init_weights, key_bias
from ..config import ModelConfig
from .common import Outputs, TaskHeads, hide_masked, presence


class Unimodal(nn.Module):
    """Transformer over one modality's tokens, as deep as the fused heads; the class token is read.

    The modality weights are the truth: all for its own modality where that is there, nothing for the other.
    Without its modality it can only say how frequent the labels are.
    """

    def __init__(self, config: ModelConfig, class_counts: Sequence[int], place: int) -> None:
        super().__init__()
        self.register_buffer("own", torch.eye(2)[place], persistent=False)  # [2]
        self.place = place
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.fusion_mlp_ratio) for _ in range(config.fusion_blocks))
        self.norm = nn.LayerNorm(config.width)
        self.heads = TaskHeads(config.width, config, class_counts)
        self.blocks.apply(init_weights)

    def forward(self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor) -> Outputs:
        """Interface of `FusionHead.forward`."""
        pairs = [(image_tokens, image_mask), (text_tokens, text_mask)]
        tokens, mask = pairs[self.place]
        x, bias = hide_masked(tokens, mask), key_bias(mask)  # [B, N, width], [B, 1, 1, N]
        for block in self.blocks:
            x = block(x, bias)
        present = presence(image_mask, text_mask) * self.own  # [B, 2]
        summary = self.norm(x[:, 0]) * present[:, self.place, None]  # [B, width]
        # Nothing of the other modality, but a use of it: the exporter leaves out inputs that no operator reads.
        summary = summary + 0.0 * hide_masked(*pairs[1 - self.place])[:, 0]  # [B, width]
        logits, embedding = self.heads(summary)
        return logits, present[:, None].expand(-1, len(logits), -1), embedding


class ImageOnly(Unimodal):
    """`Unimodal` over the image tokens."""

    def __init__(self, config: ModelConfig, class_counts: Sequence[int]) -> None:
        super().__init__(config, class_counts, place=0)


class TextOnly(Unimodal):
    """`Unimodal` over the text tokens."""

    def __init__(self, config: ModelConfig, class_counts: Sequence[int]) -> None:
        super().__init__(config, class_counts, place=1)
