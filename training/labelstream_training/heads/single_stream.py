"""A transformer over [CLS] + image tokens + text tokens, from which several systems of the field are made."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..blocks import Block, init_weights, key_bias
from ..config import ModelConfig


class SingleStream(nn.Module):
    """[CLS] ‖ image ‖ text → transformer → all tokens after the last norm. [CLS] is there even when nothing else is."""

    def __init__(self, config: ModelConfig, blocks: int) -> None:
        super().__init__()
        self.class_token = nn.Parameter(torch.randn(1, 1, config.width) * 0.02)
        # Segment embeddings: which modality a token comes from.
        self.segment = nn.Parameter(torch.randn(2, config.width) * 0.02)
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.fusion_mlp_ratio) for _ in range(blocks))
        self.norm = nn.LayerNorm(config.width)
        self.blocks.apply(init_weights)

    def forward(self, image: Tensor, image_mask: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        """[B, Ni, width], [B, Ni], [B, Nt, width], [B, Nt], free of NaN → [B, 1 + Ni + Nt, width]."""
        first = self.class_token + torch.zeros_like(image[:, :1])  # [B, 1, width]
        x = torch.cat([first, image + self.segment[0], text + self.segment[1]], dim=1)  # [B, 1 + Ni + Nt, width]
        bias = key_bias(torch.cat([torch.ones_like(image_mask[:, :1]), image_mask, text_mask], dim=1))  # [B, 1, 1, 1 + Ni + Nt]
        for block in self.blocks:
            x = block(x, bias)
        return self.norm(x)  # [B, 1 + Ni + Nt, width]
