"""CMA-CLIP without modality-wise attention, the first ablation of arXiv 2112.03562 (its table of MRWPA)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..blocks import Block, init_weights, key_bias
from ..config import ModelConfig
from .common import Outputs, TaskHeads, availability_shares, hide_masked, presence


class CmaClipNoModality(nn.Module):
    """Sequence-wise attention as in CMA-CLIP; then both aggregate vectors stand side by side, the same for every task.

    The modality weights it returns are no measurement: each modality that is there has an equal share.
    """

    def __init__(self, config: ModelConfig, class_counts: Sequence[int]) -> None:
        super().__init__()
        self.modality = nn.Parameter(torch.randn(2, config.width) * 0.02)
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.fusion_mlp_ratio) for _ in range(config.fusion_blocks))
        self.norm = nn.LayerNorm(config.width)
        self.heads = TaskHeads(2 * config.width, config, class_counts)
        self.blocks.apply(init_weights)

    def forward(self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor) -> Outputs:
        """Interface of `FusionHead.forward`."""
        image = hide_masked(image_tokens, image_mask) + self.modality[0]  # [B, Ni, width]
        text = hide_masked(text_tokens, text_mask) + self.modality[1]  # [B, Nt, width]
        x = torch.cat([image, text], dim=1)  # [B, Ni + Nt, width]
        bias = key_bias(torch.cat([image_mask, text_mask], dim=1))  # [B, 1, 1, Ni + Nt]
        for block in self.blocks:
            x = block(x, bias)
        pair = torch.cat([x[:, :1], x[:, image.shape[1] :][:, :1]], dim=1)  # [B, 2, width]
        present = presence(image_mask, text_mask)  # [B, 2]
        logits, embedding = self.heads((self.norm(pair) * present[:, :, None]).flatten(1))
        return logits, availability_shares(present, len(logits)), embedding
