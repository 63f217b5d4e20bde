"""The CLIP text tower: a bidirectional transformer whose BOS token is the class token."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import Block, init_weights, key_bias
from .config import ModelConfig

# Odd factors of the hash of a pair: equal words in another order get another row.
FIRST_FACTOR, SECOND_FACTOR = 7919, 104729


class WordPairs(nn.Module):
    """Hashed embeddings of each token with the one before it.

    "Navy Blue" or "Track Pants" is then one lookup, as in a linear model of word pairs, and not something that attention
    has to put together. Rows start at zero: a pair that training never saw adds nothing but what it shares a row with.
    """

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.rows = rows
        self.table = nn.Embedding(rows, width)
        nn.init.zeros_(self.table.weight)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """int64 [B, L] ids and mask → [B, L, width]; a token out of sight takes no part in its neighbour's pair either."""
        seen = input_ids * attention_mask  # [B, L]
        before = torch.cat([torch.zeros_like(seen[:, :1]), seen[:, :-1]], dim=1)  # [B, L]
        return self.table((before * FIRST_FACTOR + seen * SECOND_FACTOR) % self.rows)


class TextTower(nn.Module):
    """Token ids → token sequence and projected CLIP embedding. Token 0 is BOS, the class token."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        # The table is narrower than the tower: 8,192 full-width rows would be a third of all weights.
        self.embedding = nn.Embedding(config.vocabulary, config.word_width)
        self.pairs = WordPairs(config.pair_rows, config.word_width)
        self.widen = nn.Linear(config.word_width, config.width)
        self.position = nn.Parameter(torch.randn(1, config.context_length, config.width) * 0.02)
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.mlp_ratio) for _ in range(config.text_blocks))
        self.norm = nn.LayerNorm(config.width)
        self.projection = nn.Linear(config.width, config.embedding_width, bias=False)
        self.blocks.apply(init_weights)
        nn.init.normal_(self.embedding.weight, std=0.1)

    def tokens_of(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """int64 [B, L] ids and mask → token sequence [B, L, width]; padding is never attended to."""
        x = self.widen(self.embedding(input_ids) + self.pairs(input_ids, attention_mask))  # [B, L, width]
        x = x + self.position[:, : input_ids.shape[1]]  # [B, L, width]
        bias = key_bias(attention_mask.float())  # [B, 1, 1, L]
        for block in self.blocks:
            x = block(x, bias)
        return self.norm(x)  # [B, L, width]

    def embed(self, tokens: Tensor) -> Tensor:
        """Token sequence [B, L, width] → unit-length CLIP embedding [B, E]."""
        return F.normalize(self.projection(tokens[:, 0]), dim=-1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """int64 [B, L] twice → tokens [B, L, width], embedding [B, E]."""
        tokens = self.tokens_of(input_ids, attention_mask)
        return tokens, self.embed(tokens)
