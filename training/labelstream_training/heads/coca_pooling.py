"""CoCa's attentional pooling (arXiv 2205.01917): learned queries attend to the tokens, one query per task."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..blocks import init_weights, key_bias
from ..config import ModelConfig
from .common import Outputs, TaskHeads, hide_masked, presence


class CocaPooling(nn.Module):
    """A single layer of multi-head attention whose queries are learned, one per task and one for the embedding.

    The modality weights are measured: how much of a query's attention, averaged over its heads, goes to the tokens of each modality.
    """

    def __init__(self, config: ModelConfig, class_counts: Sequence[int]) -> None:
        super().__init__()
        self.attention_heads, self.head_width = config.heads, config.width // config.heads
        self.modality = nn.Parameter(torch.randn(2, config.width) * 0.02)
        self.query = nn.Parameter(torch.randn(len(class_counts) + 1, config.width) * 0.02)
        self.token_norm = nn.LayerNorm(config.width)
        self.to_query = nn.Linear(config.width, config.width)
        self.key_value = nn.Linear(config.width, 2 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.norm = nn.LayerNorm(config.width)
        self.heads = TaskHeads(config.width, config, class_counts)
        for layer in (self.to_query, self.key_value, self.out):
            init_weights(layer)

    def attend(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """[B, N, width] and [B, N] → pooled [B, T + 1, width] and attention [B, h, T + 1, N]."""
        query = self.to_query(self.query).unflatten(1, (self.attention_heads, self.head_width)).transpose(0, 1)  # [h, T + 1, d]
        pair = self.key_value(self.token_norm(tokens)).unflatten(2, (2, self.attention_heads, self.head_width))  # [B, N, 2, h, d]
        key, value = pair.permute(2, 0, 3, 1, 4).unbind(0)  # 2 × [B, h, N, d]
        scores = (query * self.head_width**-0.5) @ key.transpose(2, 3) + key_bias(mask)  # [B, h, T + 1, N]
        attention = torch.softmax(scores, dim=-1) * mask[:, None, None]  # [B, h, T + 1, N]; nothing there: all 0
        return self.norm(self.out((attention @ value).transpose(1, 2).flatten(2))), attention

    def forward(self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor) -> Outputs:
        """Interface of `FusionHead.forward`."""
        image = hide_masked(image_tokens, image_mask) + self.modality[0]  # [B, Ni, width]
        text = hide_masked(text_tokens, text_mask) + self.modality[1]  # [B, Nt, width]
        pooled, attention = self.attend(torch.cat([image, text], dim=1), torch.cat([image_mask, text_mask], dim=1))
        logits = [task(pooled[:, index]) for index, task in enumerate(self.heads.tasks)]
        of_image = attention[..., : image.shape[1]].sum(dim=3).mean(dim=1)[:, :-1]  # [B, T]
        of_text = attention[..., image.shape[1] :].sum(dim=3).mean(dim=1)[:, :-1]  # [B, T]
        weights = torch.stack([of_image, of_text], dim=2) * presence(image_mask, text_mask)[:, None]  # [B, T, 2]
        return logits, weights, self.heads.embed(pooled[:, -1])
