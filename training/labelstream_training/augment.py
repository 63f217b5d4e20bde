"""Training-time changes of pictures and titles. Hue is never touched: the base colour is one of the tasks."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from .tokenise import BEGIN_ID, END_ID


def uniform(count: int, low: float, high: float, random: torch.Generator) -> Tensor:
    """float32 [count] in [low, high)."""
    return torch.rand(count, generator=random) * (high - low) + low


def geometry(count: int, random: torch.Generator) -> Tensor:
    """Random flip, scale, stretch, shift and a slight turn as affine matrices [B, 2, 3]."""
    flip = torch.where(torch.rand(count, generator=random) < 0.5, -1.0, 1.0)
    scale = torch.exp(uniform(count, -0.18, 0.13, random))
    stretch = torch.exp(uniform(count, -0.08, 0.08, random))
    angle = uniform(count, -1.0, 1.0, random) * math.radians(6)
    shift = torch.stack([uniform(count, -0.12, 0.12, random), uniform(count, -0.12, 0.12, random)], dim=1)
    cos, sin = torch.cos(angle), torch.sin(angle)
    across = torch.stack([flip * scale * stretch * cos, -scale * sin], dim=1)  # [B, 2]
    down = torch.stack([flip * scale * sin, scale / stretch * cos], dim=1)  # [B, 2]
    return torch.stack([across, down, shift], dim=2)  # [B, 2, 3]


def erase(x: Tensor, random: torch.Generator, share: float = 0.25) -> Tensor:
    """Fills one box with grey in a share of the pictures, [B, 3, H, W] → the same shape."""
    count, _, height, width = x.shape
    box_height = uniform(count, 0.12, 0.4, random) * height
    box_width = uniform(count, 0.12, 0.4, random) * width
    top = torch.rand(count, generator=random) * (height - box_height)
    left = torch.rand(count, generator=random) * (width - box_width)
    chosen = torch.rand(count, generator=random) < share
    rows, columns = torch.arange(height)[None], torch.arange(width)[None]
    inside_rows = (rows >= top[:, None]) & (rows < (top + box_height)[:, None]) & chosen[:, None]  # [B, H]
    inside_columns = (columns >= left[:, None]) & (columns < (left + box_width)[:, None])  # [B, W]
    inside = inside_rows[:, None, :, None] & inside_columns[:, None, None, :]  # [B, 1, H, W]
    return torch.where(inside, x.new_tensor(-1.0), x)


def augment_pictures(x: Tensor, width: int, height: int, random: torch.Generator) -> Tensor:
    """Normalised [B, 3, H, W] with white at 0 → changed pictures of `width` × `height`, channels last.

    Zero padding of the resampler is therefore white, the background of catalogue pictures.
    """
    count = x.shape[0]
    grid = F.affine_grid(geometry(count, random), [count, 3, height, width], align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    # Darker or lighter, all channels alike; the ink (distance from white) is what is scaled.
    x = x * uniform(count, 0.88, 1.1, random)[:, None, None, None]
    return erase(x, random).contiguous(memory_format=torch.channels_last)


def resize_pictures(x: Tensor, width: int, height: int) -> Tensor:
    """Plain resampling for training sizes below the full one."""
    if x.shape[2:] == (height, width):
        return x
    return F.interpolate(x, size=(height, width), mode="bilinear", antialias=True, align_corners=False)


def drop_words(ids: Tensor, mask: Tensor, share: float, random: torch.Generator) -> Tensor:
    """Takes `share` of the words out of sight: a new attention mask; BEGIN and END stay."""
    kept = torch.rand(ids.shape, generator=random) >= share
    edge = (ids == BEGIN_ID) | (ids == END_ID)
    return mask * (kept | edge).long()


def choose_missing(count: int, image_only: float, text_only: float, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Modality dropout: flags (float32 [B]) for the listings that keep their image and their text."""
    draw = torch.rand(count, generator=random)
    keeps_text = (draw >= image_only).float()
    keeps_image = (draw < 1.0 - text_only).float()
    return keeps_image, keeps_text
