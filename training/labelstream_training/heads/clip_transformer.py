"""CLIP + transformer: both token sequences of CLIP (arXiv 2103.00020) under a transformer with one classification head."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..blocks import init_weights
from ..config import ModelConfig
from .common import Outputs, availability_shares, hide_masked, presence
from .single_stream import SingleStream


class ClipTransformer(nn.Module):
    """One vector, [CLS], and one classification head whose outputs are the classes of all tasks.

    The modality weights it returns are no measurement: each modality that is there has an equal share.
    """

    def __init__(self, config: ModelConfig, class_counts: Sequence[int]) -> None:
        super().__init__()
        self.class_counts = list(class_counts)
        self.stream = SingleStream(config, config.fusion_blocks)
        self.classifier = nn.Linear(config.width, sum(class_counts))
        self.projection = nn.Linear(config.width, config.embedding_width, bias=False)
        init_weights(self.classifier)

    def forward(self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor) -> Outputs:
        """Interface of `FusionHead.forward`."""
        image, text = hide_masked(image_tokens, image_mask), hide_masked(text_tokens, text_mask)
        summary = self.stream(image, image_mask, text, text_mask)[:, 0]  # [B, width]
        logits = list(torch.split(self.classifier(summary), self.class_counts, dim=1))
        embedding = F.normalize(self.projection(summary), dim=-1)  # [B, E]
        return logits, availability_shares(presence(image_mask, text_mask), len(logits)), embedding
