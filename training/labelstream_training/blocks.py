"""The transformer block that both towers and the fusion head are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Finite on purpose: a row in which every key is masked becomes a uniform average, never NaN.
MASKED_SCORE = -1e4


def key_bias(mask: Tensor) -> Tensor:
    """Additive attention bias of a key mask: 0 where a token is real, MASKED_SCORE where it is not.

    `mask` is float32 [B, N] of 1 and 0; the result broadcasts over heads and queries, [B, 1, 1, N].
    """
    return ((1.0 - mask) * MASKED_SCORE)[:, None, None, :]


class Attention(nn.Module):
    """Multi-head self-attention over [B, N, width]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.head_width = width // heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """Attends over the tokens of `x` [B, N, width]; `bias` [B, 1, 1, N] is added to the scores."""
        return self.attend(x, bias)[0]

    def attend(self, x: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        """As `forward`, with the attention itself, [B, h, N, N]: how much each token (third axis) takes from each other one."""
        qkv = self.query_key_value(x).unflatten(2, (3, self.heads, self.head_width))  # [B, N, 3, h, d]
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # 3 × [B, h, N, d]
        scores = (query * self.head_width**-0.5) @ key.transpose(2, 3)  # [B, h, N, N]
        if bias is not None:
            scores = scores + bias
        attention = torch.softmax(scores, dim=-1)  # [B, h, N, N]
        mixed = attention @ value  # [B, h, N, d]
        return self.out(mixed.transpose(1, 2).flatten(2)), attention  # [B, N, width], [B, h, N, N]


class Block(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, width: int, heads: int, mlp_ratio: float) -> None:
        super().__init__()
        hidden = int(width * mlp_ratio)
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, hidden)
        self.mlp_out = nn.Linear(hidden, width)

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """[B, N, width] → [B, N, width]."""
        return self.attend(x, bias)[0]

    def attend(self, x: Tensor, bias: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As `forward`, with the attention of `Attention.attend`."""
        mixed, attention = self.attention.attend(self.attention_norm(x), bias)
        x = x + mixed
        return x + self.mlp_out(F.gelu(self.mlp_in(self.mlp_norm(x)))), attention  # [B, N, width], [B, h, N, N]


def init_weights(module: nn.Module) -> None:
    """Initialises linear and embedding layers as transformers like it: normal(0, 0.02), zero bias."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
