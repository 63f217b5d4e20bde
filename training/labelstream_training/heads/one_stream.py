"""One-stream transformers: ImageBERT (arXiv 2001.07966) and, with aligned masking, KaleidoBERT (arXiv 2103.16110)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..config import ModelConfig
from .common import Outputs, TaskHeads, availability_shares, hide_masked, presence
from .single_stream import SingleStream

MASKED_SHARE = 0.15


def lowest(values: Tensor, mask: Tensor, share: float) -> Tensor:
    """Marks the `share` of real places with the lowest values, at least one per row: `values`, `mask` [B, N] → float32 [B, N].

    Place 0, the class token, is never marked.
    """
    free = mask.clone()
    free[:, 0] = 0.0
    order = torch.where(free > 0, values, torch.inf).argsort(dim=1).argsort(dim=1)  # [B, N]: rank of each place
    count = (free.sum(dim=1, keepdim=True) * share).round().clamp(min=1.0)  # [B, 1]
    return (order < count).float() * free


class OneStream(nn.Module):
    """Patches and words in one transformer from its first layer on, one block deeper than the other heads; [CLS] is read.

    `aligned` decides what the training-time loss hides: ImageBERT hides patches and words independently of each other, KaleidoBERT
    hides words together with the patches they are about, so that the answer has to come from the other modality's rest.
    Over frozen token sequences the towers have already let each modality's tokens see each other, so hiding is milder here
    than in the papers. The modality weights it returns are no measurement: each modality that is there has an equal share.
    """

    def __init__(self, config: ModelConfig, class_counts: Sequence[int], aligned: bool = False) -> None:
        super().__init__()
        self.aligned = aligned
        self.stream = SingleStream(config, config.fusion_blocks + 1)
        self.heads = TaskHeads(config.width, config, class_counts)
        self.hidden_token = nn.Parameter(torch.zeros(config.width))
        self.restore = nn.Linear(config.width, config.width)

    def forward(self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor) -> Outputs:
        """Interface of `FusionHead.forward`."""
        image, text = hide_masked(image_tokens, image_mask), hide_masked(text_tokens, text_mask)
        logits, embedding = self.heads(self.stream(image, image_mask, text, text_mask)[:, 0])
        return logits, availability_shares(presence(image_mask, text_mask), len(logits)), embedding

    def choose_hidden(self, image: Tensor, image_mask: Tensor, text: Tensor, text_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Which tokens to hide, float32 [B, Ni] and [B, Nt]; randomness is PyTorch's own generator."""
        hidden_text = lowest(torch.rand(text_mask.shape), text_mask, MASKED_SHARE)  # [B, Nt]
        if not self.aligned:
            return lowest(torch.rand(image_mask.shape), image_mask, MASKED_SHARE), hidden_text
        # The patches most alike any hidden word; without a text they are drawn by lot, as the similarity is the same everywhere.
        alike = F.normalize(image, dim=-1) @ F.normalize(text, dim=-1).transpose(1, 2)  # [B, Ni, Nt]
        best = torch.where(hidden_text[:, None] > 0, alike, -1.0).amax(dim=2)  # [B, Ni]
        return lowest(-best + 1e-3 * torch.rand(best.shape), image_mask, MASKED_SHARE), hidden_text

    def auxiliary_loss(self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor) -> Tensor:
        """Mean of 1 − cosine between the hidden tokens and what the stream makes of their places; a scalar."""
        image, text = hide_masked(image_tokens, image_mask), hide_masked(text_tokens, text_mask)
        hidden_image, hidden_text = self.choose_hidden(image, image_mask, text, text_mask)
        seen_image = torch.where(hidden_image[:, :, None] > 0, self.hidden_token, image)  # [B, Ni, width]
        seen_text = torch.where(hidden_text[:, :, None] > 0, self.hidden_token, text)  # [B, Nt, width]
        restored = self.restore(self.stream(seen_image, image_mask, seen_text, text_mask)[:, 1:])  # [B, Ni + Nt, width]
        off = 1.0 - F.cosine_similarity(restored, torch.cat([image, text], dim=1), dim=-1)  # [B, Ni + Nt]
        hidden = torch.cat([hidden_image, hidden_text], dim=1)  # [B, Ni + Nt]
        return (off * hidden).sum() / hidden.sum().clamp(min=1.0)


class AlignedOneStream(OneStream):
    """`OneStream` with KaleidoBERT's aligned masking."""

    def __init__(self, config: ModelConfig, class_counts: Sequence[int]) -> None:
        super().__init__(config, class_counts, aligned=True)
