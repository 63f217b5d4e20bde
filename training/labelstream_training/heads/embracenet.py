"""EmbraceNet (arXiv 1904.09078): every feature of the fused vector comes from one modality, drawn by lot among those that are there."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..blocks import init_weights
from ..config import ModelConfig
from .common import Outputs, TaskHeads, availability_shares, class_pair, presence

EMBRACED_RATIO = 4
FEATURE_DROPOUT = 0.1


class EmbraceNet(nn.Module):
    """Docking layers bring the class tokens of both towers to one width; a multinomial draw per feature picks the modality it comes from.

    The draw is for training. In evaluation each feature is the expectation of the draw, the mean over the modalities that are
    there: a draw would give one listing other labels each time, and the argmax of equal probabilities would always be the same modality.
    The layer after it is linear, so its inputs are what they are on average in training. The modality weights are
    the probabilities of the draw: an equal share for each modality that is there.
    """

    def __init__(self, config: ModelConfig, class_counts: Sequence[int]) -> None:
        super().__init__()
        embraced = EMBRACED_RATIO * config.width
        self.docking_image = nn.Linear(config.width, embraced)
        self.docking_text = nn.Linear(config.width, embraced)
        self.dropout = nn.Dropout(FEATURE_DROPOUT)
        self.terminal = nn.Linear(embraced, config.width)
        self.heads = TaskHeads(config.width, config, class_counts)
        for layer in (self.docking_image, self.docking_text, self.terminal):
            init_weights(layer)

    def dock(self, pair: Tensor) -> Tensor:
        """Class tokens [B, 2, width] → docked features [B, 2, embraced]."""
        image, text = F.relu(self.docking_image(pair[:, 0])), F.relu(self.docking_text(pair[:, 1]))  # [B, embraced] each
        return torch.stack([image, text], dim=1)  # [B, 2, embraced]

    def embrace(self, docked: Tensor, shares: Tensor) -> Tensor:
        """`docked` [B, 2, embraced], probabilities `shares` [B, 2] → [B, embraced]; nothing there gives zeros."""
        if not self.training:
            return (docked * shares[:, :, None]).sum(dim=1)  # [B, embraced]
        draw = torch.rand(docked.shape[0], docked.shape[2])  # [B, embraced]
        from_image = (draw < shares[:, :1]).float()  # [B, embraced]
        picked = torch.stack([from_image, 1.0 - from_image], dim=1)  # [B, 2, embraced]
        return (docked * picked * (shares[:, :, None] > 0)).sum(dim=1)  # [B, embraced]

    def forward(self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor) -> Outputs:
        """Interface of `FusionHead.forward`."""
        shares = availability_shares(presence(image_mask, text_mask), len(self.heads.tasks))  # [B, T, 2]
        docked = self.dock(class_pair(image_tokens, image_mask, text_tokens, text_mask))  # [B, 2, embraced]
        x = self.dropout(self.embrace(docked, shares[:, 0]))  # [B, embraced]
        logits, embedding = self.heads(F.gelu(self.terminal(x)))
        return logits, shares, embedding
