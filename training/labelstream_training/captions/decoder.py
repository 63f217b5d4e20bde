"""CoCa's captioning decoder and its pooler (arXiv 2205.01917) over the token sequence of a frozen image tower.

Text layers are causal and know nothing of the image; the layers after them also attend to the image, through a few learned queries that
pool its tokens. A [CLS] token behind the title gives the text's vector for the contrastive loss, one more query gives the image's.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..blocks import MASKED_SCORE, init_weights
from ..tokenise import BEGIN_ID, END_ID, PAD_ID
from .settings import CaptionConfig
from .vocabulary import UNKNOWN_ID

# Keys and values, each [B, h, N, d].
Memory = tuple[Tensor, Tensor]
LEAST_SCALE, MOST_SCALE = 1.0, 100.0


class Attention(nn.Module):
    """Multi-head attention of one sequence to another, in two halves, so that keys and values can be kept."""

    def __init__(self, width: int, heads: int, source_width: int | None = None) -> None:
        super().__init__()
        self.heads, self.head_width = heads, width // heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(source_width or width, 2 * width)
        self.out = nn.Linear(width, width)

    def memory(self, source: Tensor) -> Memory:
        """[B, N, source width] → keys and values."""
        pair = self.key_value(source).unflatten(2, (2, self.heads, self.head_width))  # [B, N, 2, h, d]
        key, value = pair.permute(2, 0, 3, 1, 4).unbind(0)
        return key, value

    def forward(self, x: Tensor, memory: Memory, bias: Tensor | None = None) -> Tensor:
        """Queries of `x` [B, M, width] over a memory; `bias` broadcasts to the scores [B, h, M, N]."""
        query = self.query(x).unflatten(2, (self.heads, self.head_width)).transpose(1, 2)  # [B, h, M, d]
        scores = (query * self.head_width**-0.5) @ memory[0].transpose(2, 3)  # [B, h, M, N]
        if bias is not None:
            scores = scores + bias
        mixed = torch.softmax(scores, dim=-1) @ memory[1]  # [B, h, M, d]
        return self.out(mixed.transpose(1, 2).flatten(2))  # [B, M, width]


class TextBlock(nn.Module):
    """Pre-norm causal layer; with `crosses` it attends to the image between self-attention and MLP."""

    def __init__(self, config: CaptionConfig, crosses: bool) -> None:
        super().__init__()
        width, hidden = config.width, int(config.width * config.mlp_ratio)
        self.self_norm = nn.LayerNorm(width)
        self.self_attention = Attention(width, config.heads)
        self.cross_norm = nn.LayerNorm(width) if crosses else None
        self.cross_attention = Attention(width, config.heads) if crosses else None
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, hidden)
        self.mlp_out = nn.Linear(hidden, width)

    def forward(self, x: Tensor, bias: Tensor | None, image: Memory | None, past: Memory | None = None) -> tuple[Tensor, Memory]:
        """[B, M, width] behind `past` → the same shape, and the memory of past and present."""
        inner = self.self_norm(x)  # [B, M, width]
        memory = self.self_attention.memory(inner)  # 2 × [B, h, M, d]
        if past is not None:
            memory = (torch.cat([past[0], memory[0]], dim=2), torch.cat([past[1], memory[1]], dim=2))  # 2 × [B, h, T + M, d]
        x = x + self.self_attention(inner, memory, bias)
        if self.cross_attention is not None:
            x = x + self.cross_attention(self.cross_norm(x), image)
        return x + self.mlp_out(F.gelu(self.mlp_in(self.mlp_norm(x)))), memory


class Pooler(nn.Module):
    """Learned queries attend to a sequence: CoCa's task-specific attentional pooling."""

    def __init__(self, queries: int, width: int, heads: int, source_width: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(1, queries, width) * 0.02)
        self.source_norm = nn.LayerNorm(source_width)
        self.attention = Attention(width, heads, source_width)
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor, bias: Tensor | None = None) -> Tensor:
        """[B, N, source width] → [B, queries, width]; `bias` [B, 1, 1, N] hides tokens."""
        memory = self.attention.memory(self.source_norm(tokens))
        return self.norm(self.attention(self.query.expand(tokens.shape[0], -1, -1), memory, bias))


class CaptionDecoder(nn.Module):
    """Image tokens and the tokens so far → the next token; both as unit vectors for the contrastive loss."""

    def __init__(self, config: CaptionConfig, image_width: int, vocabulary: int) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.embedding = nn.Embedding(vocabulary, width)
        self.position = nn.Parameter(torch.randn(1, config.longest + 1, width) * 0.02)
        self.class_token = nn.Parameter(torch.randn(width) * 0.02)
        self.text_blocks = nn.ModuleList(TextBlock(config, crosses=False) for _ in range(config.text_blocks))
        self.image_blocks = nn.ModuleList(TextBlock(config, crosses=True) for _ in range(config.image_blocks))
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.caption_pooler = Pooler(config.queries, width, config.heads, image_width)
        # The paper's cascade: the contrastive query pools what the captioning queries have pooled.
        self.contrastive_pooler = Pooler(1, width, config.heads, width)
        self.class_norm = nn.LayerNorm(width)
        self.image_projection = nn.Linear(width, config.embedding_width, bias=False)
        self.text_projection = nn.Linear(width, config.embedding_width, bias=False)
        self.log_scale = nn.Parameter(torch.tensor(math.log(14.0)))
        self.apply(init_weights)

    def image_memories(self, pooled: Tensor) -> list[Memory]:
        """Pooled image tokens [B, queries, width] → keys and values of each layer that attends to them."""
        return [block.cross_attention.memory(pooled) for block in self.image_blocks]

    def read(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """int64 [B, L] titles, BEGIN to END → text layers' output [B, L + 1, width]; the [CLS] token stands right behind each title."""
        x = F.pad(self.embedding(ids), (0, 0, 0, 1))  # [B, L + 1, width]
        places = torch.arange(x.shape[1])[None]  # [1, L + 1]
        x = torch.where((places == lengths[:, None])[:, :, None], self.class_token, x)  # [B, L + 1, width]
        x = x + self.position[:, : x.shape[1]]  # [B, L + 1, width]
        bias = causal_bias(x.shape[1])  # [L + 1, L + 1]
        for block in self.text_blocks:
            x, _ = block(x, bias, None)
        return x

    def say(self, x: Tensor, memories: list[Memory]) -> Tensor:
        """Text layers' output [B, L, width] and the image → what the logits of the next tokens are made from [B, L, width]."""
        bias = causal_bias(x.shape[1])
        for block, memory in zip(self.image_blocks, memories, strict=True):
            x, _ = block(x, bias, memory)
        return x

    def logits(self, x: Tensor) -> Tensor:
        """[n, width] → [n, vocabulary]. The output layer shares its weights with the embedding table.

        The table is the left factor: as the right one it would stand in the ONNX file twice, once transposed.
        """
        return (self.embedding.weight @ self.norm(x).t()).t() + self.bias

    def forward(self, tokens: Tensor, hidden: Tensor | None, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Image tokens [B, N, image width], those to hide (bool [B, N]), titles → see `say` [B, L, width]; two vectors [B, E]."""
        pooled = self.caption_pooler(tokens, None if hidden is None else (hidden * MASKED_SCORE)[:, None, None])  # [B, queries, width]
        x = self.read(ids, lengths)  # [B, L + 1, width]
        spoken = self.say(x[:, :-1], self.image_memories(pooled))  # [B, L, width]
        image = self.image_projection(self.contrastive_pooler(pooled)[:, 0])  # [B, E]
        text = self.text_projection(self.class_norm(x[torch.arange(len(x)), lengths]))  # [B, E]
        return spoken, F.normalize(image, dim=-1), F.normalize(text, dim=-1)

    def step(self, ids: Tensor, memories: list[Memory], past: list[Memory]) -> tuple[Tensor, list[Memory]]:
        """One token [B, 1] behind `past`, one memory per layer → logits [B, V] of the next token, and the memories to go on with."""
        x = self.embedding(ids) + self.position[:, past[0][0].shape[2]][:, None]  # [B, 1, width]
        seen = [None] * len(self.text_blocks) + memories
        present = []
        for block, image, before in zip((*self.text_blocks, *self.image_blocks), seen, past, strict=True):
            x, memory = block(x, None, image, before)
            present.append(memory)
        return self.logits(x[:, 0]), present

    def served_parameters(self) -> int:
        """Weights that a title needs; the contrastive ones are of use in training alone."""
        training = ("class_token", "class_norm.", "contrastive_pooler.", "image_projection.", "text_projection.", "log_scale")
        return sum(weight.numel() for name, weight in self.named_parameters() if not name.startswith(training))

    def scale(self) -> Tensor:
        """What cosines are multiplied with in the contrastive loss."""
        return self.log_scale.exp().clamp(LEAST_SCALE, MOST_SCALE)


def causal_bias(length: int) -> Tensor:
    """[L, L]: nothing is added where a token looks back or at itself."""
    return torch.full((length, length), MASKED_SCORE).triu(1)


@torch.no_grad()
def generate(decoder: CaptionDecoder, tokens: Tensor, begin_id: int, longest: int) -> tuple[Tensor, Tensor]:
    """Greedy titles of image tokens [B, N, width] → int64 [B, longest], END_ID from the end on, and the logits [B, longest, V] they had."""
    config = decoder.config
    memories = decoder.image_memories(decoder.caption_pooler(tokens))
    empty = tokens.new_zeros(len(tokens), config.heads, 0, config.width // config.heads)
    past = [(empty, empty)] * (config.text_blocks + config.image_blocks)
    ids = torch.full((len(tokens), 1), begin_id)
    ended = torch.zeros(len(tokens), dtype=torch.bool)
    said, scores = [], []
    for _ in range(longest):
        logits, past = decoder.step(ids, memories, past)
        logits = silenced(logits)
        ids = torch.where(ended, END_ID, logits.argmax(dim=1))[:, None]
        ended = ended | (ids[:, 0] == END_ID)
        said.append(ids[:, 0])
        scores.append(logits)
    return torch.stack(said, dim=1), torch.stack(scores, dim=1)


def silenced(logits: Tensor) -> Tensor:
    """[..., V] without padding, BEGIN and unknown words, which are never said."""
    silent = torch.zeros(logits.shape[-1], dtype=torch.bool)
    silent[[PAD_ID, BEGIN_ID, UNKNOWN_ID]] = True
    return logits.masked_fill(silent, MASKED_SCORE)
