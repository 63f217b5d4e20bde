"""The CLIP image tower: a residual convolution stem under a small transformer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import Block, init_weights
from .config import ModelConfig

STRIDE = 8


def patch_grid(config: ModelConfig) -> tuple[int, int]:
    """Rows and columns of patch tokens. The patch in row r and column c looks at the pixel (r · STRIDE, c · STRIDE) in its middle."""
    return -(-config.image_height // STRIDE), -(-config.image_width // STRIDE)


class ConvUnit(nn.Sequential):
    """3 × 3 convolution with batch norm and ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Basic residual block of two 3 × 3 convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvUnit(channels, channels, 1)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)
        # Starts as the identity, so that depth costs nothing in the first steps.
        nn.init.zeros_(self.second_norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, h, w] → the same shape."""
        return F.relu(x + self.second_norm(self.second(self.first(x))))


def make_stem(config: ModelConfig) -> nn.Sequential:
    """Three strides of 2, residual blocks at the second and third resolution, 1 × 1 to the token width."""
    one, two, three = config.stem_channels
    return nn.Sequential(
        ConvUnit(3, one, 2),
        ConvUnit(one, two, 2),
        *[Residual(two) for _ in range(config.stem_blocks[0])],
        ConvUnit(two, three, 2),
        *[Residual(three) for _ in range(config.stem_blocks[1])],
        nn.Conv2d(three, config.width, 1),
    )


class ImageTower(nn.Module):
    """uint8 pixels → token sequence and projected CLIP embedding. Token 0 is the class token."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.grid = patch_grid(config)
        self.register_buffer("mean", torch.tensor(config.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(1, 3, 1, 1), persistent=False)
        self.stem = make_stem(config)
        self.class_token = nn.Parameter(torch.randn(1, 1, config.width) * 0.02)
        self.class_position = nn.Parameter(torch.zeros(1, 1, config.width))
        self.position = nn.Parameter(torch.randn(1, config.width, *self.grid) * 0.02)
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.mlp_ratio) for _ in range(config.image_blocks))
        self.norm = nn.LayerNorm(config.width)
        self.projection = nn.Linear(config.width, config.embedding_width, bias=False)
        self.blocks.apply(init_weights)
        self.stem.to(memory_format=torch.channels_last)

    @property
    def token_count(self) -> int:
        """Tokens of a full-size image, the class token included."""
        return self.grid[0] * self.grid[1] + 1

    def normalise(self, pixels: Tensor) -> Tensor:
        """uint8 [B, H, W, 3] → float32 [B, 3, H, W], channels last in memory."""
        return (pixels.permute(0, 3, 1, 2).float() / 255.0 - self.mean) / self.std

    def tokens_of(self, x: Tensor) -> Tensor:
        """Normalised float32 [B, 3, H, W] of any size → token sequence [B, 1 + h·w, width]."""
        x = self.stem(x)  # [B, width, h, w]
        x = x + self.position_at(x.shape[2], x.shape[3])  # [B, width, h, w]
        x = x.flatten(2).transpose(1, 2)  # [B, h·w, width]
        first = (self.class_token + self.class_position).expand(x.shape[0], -1, -1)  # [B, 1, width]
        x = torch.cat([first, x], dim=1)  # [B, 1 + h·w, width]
        for block in self.blocks:
            x = block(x)
        return self.norm(x)  # [B, 1 + h·w, width]

    def position_at(self, rows: int, columns: int) -> Tensor:
        """Learned positions, resampled when training runs at a smaller picture size."""
        if (int(rows), int(columns)) == self.grid:
            return self.position
        return F.interpolate(self.position, size=(rows, columns), mode="bilinear", align_corners=False)

    def embed(self, tokens: Tensor) -> Tensor:
        """Token sequence [B, N, width] → unit-length CLIP embedding [B, E]."""
        return F.normalize(self.projection(tokens[:, 0]), dim=-1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 [B, H, W, 3] → tokens [B, N, width], embedding [B, E]."""
        tokens = self.tokens_of(self.normalise(pixels))
        return tokens, self.embed(tokens)
