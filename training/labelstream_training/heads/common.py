"""What all heads share: the interface of `FusionHead`, missing modalities, and the linear layers at the end."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..blocks import init_weights
from ..config import ModelConfig

# Logits (one [B, C] per task), modality weights [B, T, 2] (image, text), embedding [B, E].
Outputs = tuple[list[Tensor], Tensor, Tensor]


def hide_masked(tokens: Tensor, mask: Tensor) -> Tensor:
    """[B, N, width] with zeros where `mask` [B, N] is 0: whatever stands there, NaN included, must not reach a sum."""
    return torch.where(mask[:, :, None] > 0, tokens, 0.0)


def presence(image_mask: Tensor, text_mask: Tensor) -> Tensor:
    """[B, 2] of 1 and 0 (image, text): a modality is there when its class token, place 0, is unmasked."""
    return torch.stack([image_mask[:, 0], text_mask[:, 0]], dim=1)


def class_pair(image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor) -> Tensor:
    """The class tokens of both towers, [B, 2, width]; zeros where a modality is missing."""
    image = hide_masked(image_tokens[:, :1], image_mask[:, :1])  # [B, 1, width]
    text = hide_masked(text_tokens[:, :1], text_mask[:, :1])  # [B, 1, width]
    return torch.cat([image, text], dim=1)  # [B, 2, width]


def availability_shares(present: Tensor, tasks: int) -> Tensor:
    """`present` [B, 2] → [B, T, 2]: the modalities that are there share equally, whatever they say."""
    shares = present / present.sum(dim=1, keepdim=True).clamp(min=1.0)  # [B, 2]
    return shares[:, None].expand(-1, tasks, -1)  # [B, T, 2]


class TaskHeads(nn.Module):
    """One linear layer per task and the projection to the embedding."""

    def __init__(self, inputs: int, config: ModelConfig, class_counts: Sequence[int]) -> None:
        super().__init__()
        self.tasks = nn.ModuleList(nn.Linear(inputs, count) for count in class_counts)
        self.projection = nn.Linear(inputs, config.embedding_width, bias=False)
        self.tasks.apply(init_weights)

    def embed(self, features: Tensor) -> Tensor:
        """[B, inputs] → unit length [B, E]."""
        return F.normalize(self.projection(features), dim=-1)

    def forward(self, features: Tensor) -> tuple[list[Tensor], Tensor]:
        """The same [B, inputs] for all tasks → logits, embedding [B, E]."""
        return [task(features) for task in self.tasks], self.embed(features)
