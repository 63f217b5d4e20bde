"""A made-up token cache in memory: what the labels are stands in the class tokens, so that heads can learn it in a few steps."""

from __future__ import annotations

import numpy as np
import torch
from conftest import TINY
from torch import Tensor

from labelstream_training.compare.token_set import Images, Texts, Tokens, TokenSet

COUNTS = [2, 3, 2, 2, 3, 1, 1]
IMAGE_TOKENS, TEXT_TOKENS = 6, 5


def signal(labels: Tensor, random: torch.Generator) -> np.ndarray:
    """float16 [N, 16]: noise with the first three tasks written into it."""
    x = 0.1 * torch.randn(len(labels), TINY.width, generator=random)
    for task in range(3):
        x[torch.arange(len(labels)), 4 * task + labels[:, task]] += 2.0
    return x.numpy().astype(np.float16)


def sequence(labels: Tensor, length: int, random: torch.Generator) -> np.ndarray:
    tokens = 0.1 * torch.randn(len(labels), length, TINY.width, generator=random).numpy().astype(np.float16)
    tokens[:, 0] = signal(labels, random)
    return tokens


def unit(tokens: np.ndarray) -> Tensor:
    return torch.nn.functional.normalize(torch.from_numpy(tokens[:, 0, : TINY.embedding_width].astype(np.float32)), dim=-1)


def make_split(rows: int, seed: int) -> TokenSet:
    random = torch.Generator().manual_seed(seed)
    labels = torch.stack([torch.randint(0, count, (rows,), generator=random) for count in COUNTS], dim=1)
    images = {view: sequence(labels, IMAGE_TOKENS, random) for view in ("plain", "augmented1", "blurred")}
    texts = {view: sequence(labels, TEXT_TOKENS, random) for view in ("plain", "withoutLabelWords", "fewWords", "typos")}
    lengths = torch.randint(2, TEXT_TOKENS + 1, (rows,), generator=random)
    return TokenSet(
        images={view: Images(tokens, unit(tokens)) for view, tokens in images.items()},
        texts={view: Texts(tokens, lengths, torch.ones(rows), unit(tokens)) for view, tokens in texts.items()},
        has_image=torch.ones(rows),
        labels=labels,
        groups=torch.arange(rows),
        named=np.arange(rows * len(COUNTS)).reshape(rows, -1) % 2 == 0,
        misnaming=np.arange(rows * len(COUNTS)).reshape(rows, -1) % 3 == 0,
    )


def make_tokens() -> Tokens:
    return Tokens(train=make_split(64, 1), val=make_split(40, 2), scale=10.0)
