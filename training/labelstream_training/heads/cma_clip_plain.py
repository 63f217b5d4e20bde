"""CMA-CLIP without sequence-wise and without modality-wise attention, the second ablation of arXiv 2112.03562."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ..config import ModelConfig
from .common import Outputs, TaskHeads, availability_shares, class_pair, presence


class CmaClipPlain(nn.Module):
    """What the towers' class tokens say, side by side, under one linear layer per task: all fusion is in the towers' contrastive loss.

    The modality weights it returns are no measurement: each modality that is there has an equal share.
    """

    def __init__(self, config: ModelConfig, class_counts: Sequence[int]) -> None:
        super().__init__()
        self.heads = TaskHeads(2 * config.width, config, class_counts)

    def forward(self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor) -> Outputs:
        """Interface of `FusionHead.forward`."""
        pair = class_pair(image_tokens, image_mask, text_tokens, text_mask)  # [B, 2, width]
        logits, embedding = self.heads(pair.flatten(1))
        return logits, availability_shares(presence(image_mask, text_mask), len(logits)), embedding
