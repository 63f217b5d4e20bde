"""The two towers of CLIP (Radford et al. 2021), written for export: any batch size, any text length, class token first."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .checkpoint import Clip, Preprocessing, TowerShape, normalised

# Finite on purpose: see blocks.py.
MASKED_SCORE = -1e4


def activate(x: Tensor, activation: str) -> Tensor:
    """quick_gelu is OpenAI's; later checkpoints have the exact GELU or its tanh form."""
    if activation == "quick_gelu":
        return x * torch.sigmoid(1.702 * x)
    return F.gelu(x, approximate="tanh" if activation == "gelu_tanh" else "none")


class ClipBlock(nn.Module):
    """Pre-norm block: attention, then MLP."""

    def __init__(self, shape: TowerShape) -> None:
        super().__init__()
        self.heads, self.head_width, self.activation = shape.heads, shape.width // shape.heads, shape.activation
        self.norm_1 = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.query_key_value = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.norm_2 = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.mlp_in = nn.Linear(shape.width, shape.hidden)
        self.mlp_out = nn.Linear(shape.hidden, shape.width)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """[B, N, width] → [B, N, width]; `bias` [N, N] is added to the scores."""
        qkv = self.query_key_value(self.norm_1(x)).unflatten(2, (3, self.heads, self.head_width))  # [B, N, 3, h, d]
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # 3 × [B, h, N, d]
        scores = (query * self.head_width**-0.5) @ key.transpose(2, 3)  # [B, h, N, N]
        if bias is not None:
            scores = scores + bias
        mixed = (torch.softmax(scores, dim=-1) @ value).transpose(1, 2).flatten(2)  # [B, N, width]
        x = x + self.out(mixed)
        return x + self.mlp_out(activate(self.mlp_in(self.norm_2(x)), self.activation))


class ClipImageTower(nn.Module):
    """Patches in a transformer; the class token is projected."""

    def __init__(self, shape: TowerShape, patch: int, embedding_width: int, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.preprocessing = preprocessing
        self.token_count = (preprocessing.size // patch) ** 2 + 1
        self.patches = nn.Conv2d(3, shape.width, patch, patch, bias=False)
        self.class_token = nn.Parameter(torch.zeros(shape.width))
        self.positions = nn.Parameter(torch.zeros(self.token_count, shape.width))
        self.norm_in = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.blocks = nn.ModuleList(ClipBlock(shape) for _ in range(shape.layers))
        self.norm_out = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.projection = nn.Linear(shape.width, embedding_width, bias=False)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """`pixels` uint8 [B, H, W, 3] → tokens [B, N, width] after the last norm, embedding [B, E] of token 0."""
        patches = self.patches(normalised(pixels, self.preprocessing)).flatten(2).transpose(1, 2)  # [B, N - 1, width]
        first = self.class_token.expand(patches.shape[0], 1, -1)  # [B, 1, width]
        x = self.norm_in(torch.cat([first, patches], dim=1) + self.positions)  # [B, N, width]
        for block in self.blocks:
            x = block(x, None)
        tokens = self.norm_out(x)
        return tokens, self.projection(tokens[:, 0])


class ClipTextTower(nn.Module):
    """Causal transformer; the first end token, which has seen all words, is projected and changes places with the begin token."""

    def __init__(self, shape: TowerShape, vocabulary: int, context_length: int, embedding_width: int, end: int) -> None:
        super().__init__()
        self.end = end
        self.words = nn.Embedding(vocabulary, shape.width)
        self.positions = nn.Parameter(torch.zeros(context_length, shape.width))
        self.blocks = nn.ModuleList(ClipBlock(shape) for _ in range(shape.layers))
        self.norm_out = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.projection = nn.Linear(shape.width, embedding_width, bias=False)
        later = torch.full((context_length, context_length), MASKED_SCORE).triu(1)
        self.register_buffer("later", later, persistent=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """ids and mask int64 [B, L] → tokens [B, L, width] after the last norm, embedding [B, E] of token 0.

        No real token looks at padding, which comes after all of them, so the mask only blanks the padding's own tokens.
        """
        length = input_ids.shape[1]
        x = self.words(input_ids) + self.positions[:length]  # [B, L, width]
        for block in self.blocks:
            x = block(x, self.later[:length, :length])
        x = self.norm_out(x) * attention_mask[:, :, None].to(x.dtype)
        return self.class_token_first(x, input_ids)

    def class_token_first(self, x: Tensor, input_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Swaps places 0 and e, the place of the first end token. Words keep their places."""
        is_end = (input_ids == self.end).to(torch.int32)
        place = is_end.argmax(dim=1, keepdim=True)  # [B, 1]
        own = torch.arange(input_ids.shape[1], device=x.device)[None]  # [1, L]
        at = torch.where(own == place, 0, own) + torch.where(own == 0, place, 0)  # [B, L]
        tokens = torch.gather(x, 1, at[:, :, None].expand(-1, -1, x.shape[2]))
        return tokens, self.projection(tokens[:, 0])


def build_towers(clip: Clip) -> tuple[ClipImageTower, ClipTextTower]:
    """Both towers with the checkpoint's weights, in float32."""
    image = ClipImageTower(clip.image, clip.patch, clip.embedding_width, clip.preprocessing)
    text = ClipTextTower(clip.text, clip.vocabulary, clip.context_length, clip.embedding_width, clip.tokeniser.end)
    image.load_state_dict(clip.image_weights)
    text.load_state_dict(clip.text_weights)
    return image.float().eval(), text.float().eval()
