"""CLIP + MLP: the usual way to use CLIP (arXiv 2103.00020) in a classifier, a shallow network over the two class embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..blocks import init_weights
from ..config import ModelConfig
from .common import Outputs, TaskHeads, availability_shares, class_pair, presence

HIDDEN_RATIO = 4
DROPOUT = 0.1


class ClipMlp(nn.Module):
    """Class tokens of both towers and two flags of what is there → one hidden layer → task heads.

    The modality weights it returns are no measurement: each modality that is there has an equal share.
    """

    def __init__(self, config: ModelConfig, class_counts: Sequence[int]) -> None:
        super().__init__()
        hidden = HIDDEN_RATIO * config.width
        self.hidden = nn.Linear(2 * config.width + 2, hidden)
        self.dropout = nn.Dropout(DROPOUT)
        self.norm = nn.LayerNorm(hidden)
        self.heads = TaskHeads(hidden, config, class_counts)
        self.hidden.apply(init_weights)

    def forward(self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor) -> Outputs:
        """Interface of `FusionHead.forward`."""
        pair = class_pair(image_tokens, image_mask, text_tokens, text_mask)  # [B, 2, width]
        present = presence(image_mask, text_mask)  # [B, 2]
        x = torch.cat([pair.flatten(1), present], dim=1)  # [B, 2 · width + 2]
        x = self.norm(self.dropout(F.gelu(self.hidden(x))))  # [B, hidden]
        logits, embedding = self.heads(x)
        return logits, availability_shares(present, len(logits)), embedding
