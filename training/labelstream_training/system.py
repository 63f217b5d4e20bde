"""Both towers, the fusion head and the training-time auxiliary heads as one module."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .blocks import init_weights
from .config import ModelConfig
from .fusion_head import FusionHead
from .image_tower import ImageTower
from .text_tower import TextTower


class LabelSystem(nn.Module):
    """Everything that is trained together; `auxiliary_*` exists only in training and is never exported."""

    def __init__(self, config: ModelConfig, class_counts: list[int]) -> None:
        super().__init__()
        self.image = ImageTower(config)
        self.text = TextTower(config)
        self.fusion = FusionHead(config, class_counts)
        self.auxiliary_image = nn.Linear(config.width, sum(class_counts))
        self.auxiliary_text = nn.Linear(config.width, sum(class_counts))
        self.logit_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.class_counts = list(class_counts)
        init_weights(self.auxiliary_image)
        init_weights(self.auxiliary_text)

    def split_tasks(self, logits: Tensor) -> list[Tensor]:
        """[B, sum of classes] → one [B, C] per task."""
        return list(logits.split(self.class_counts, dim=1))

    def head_inputs(
        self, image_tokens: Tensor, has_image: Tensor, text_tokens: Tensor, text_mask: Tensor, has_text: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What the fusion head reads, with masks made from per-listing flags `has_image` and `has_text` (float32 [B])."""
        image_mask = has_image[:, None].expand(-1, image_tokens.shape[1])  # [B, Ni]
        return image_tokens, image_mask, text_tokens, text_mask.float() * has_text[:, None]

    def fuse(
        self, image_tokens: Tensor, has_image: Tensor, text_tokens: Tensor, text_mask: Tensor, has_text: Tensor
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        """The fusion head over `head_inputs`."""
        return self.fusion(*self.head_inputs(image_tokens, has_image, text_tokens, text_mask, has_text))


def exported_parameters(system: LabelSystem) -> int:
    """Number of weights that end up in the bundles."""
    parts = (system.image, system.text, system.fusion)
    return sum(weight.numel() for part in parts for weight in part.parameters())
