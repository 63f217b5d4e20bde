"""The two graphs of a caption bundle: the image's keys and values once, then one token at a time over kept keys and values."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..graphs import Graph, Inputs
from .decoder import CaptionDecoder, Memory, silenced


def stack(memories: list[Memory]) -> tuple[Tensor, Tensor]:
    """Memories of L layers → keys and values, each [B, L, h, N, d]."""
    return torch.stack([memory[0] for memory in memories], dim=1), torch.stack([memory[1] for memory in memories], dim=1)


def unstack(keys: Tensor, values: Tensor) -> list[Memory]:
    """Inverse of `stack`."""
    return list(zip(keys.unbind(1), values.unbind(1), strict=True))


class Prefix(nn.Module):
    """What of an image is needed for all of its title's tokens."""

    def __init__(self, decoder: CaptionDecoder) -> None:
        super().__init__()
        self.pooler = decoder.caption_pooler
        self.crosses = nn.ModuleList(block.cross_attention for block in decoder.image_blocks)

    def forward(self, image_tokens: Tensor) -> tuple[Tensor, Tensor]:
        """[B, N, image width] → cross keys and values, each [B, layers that attend to the image, h, queries, d]."""
        pooled = self.pooler(image_tokens)  # [B, queries, width]
        return stack([cross.memory(pooled) for cross in self.crosses])


class Step(nn.Module):
    """One token of each title."""

    def __init__(self, decoder: CaptionDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self, token_ids: Tensor, past_keys: Tensor, past_values: Tensor, cross_keys: Tensor, cross_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """int64 [B, 1], twice [B, layers, h, T, d], and what `Prefix` gave → logits [B, V], twice [B, layers, h, T + 1, d]."""
        past = unstack(past_keys, past_values)
        logits, present = self.decoder.step(token_ids, unstack(cross_keys, cross_values), past)
        return silenced(logits), *stack(present)


def prefix_graph(decoder: CaptionDecoder, image_tokens: int, image_width: int) -> Graph:
    """`image_tokens` [B, N, W] → `cross_keys`, `cross_values`."""

    def make_inputs(batch: int, _length: int, seed: int) -> Inputs:
        random = torch.Generator().manual_seed(seed)
        return {"image_tokens": torch.randn(batch, image_tokens, image_width, generator=random)}

    axes = {name: {0: "batch"} for name in ("image_tokens", "cross_keys", "cross_values")}
    axes["image_tokens"][1] = "image_length"
    return Graph("prefix", Prefix(decoder), ("cross_keys", "cross_values"), axes, make_inputs)


def step_graph(decoder: CaptionDecoder) -> Graph:
    """`token_ids` [B, 1] and keys and values of the tokens before → `logits` [B, V] and keys and values to go on with."""
    config = decoder.config
    layers, width = config.text_blocks + config.image_blocks, config.width // config.heads

    def make_inputs(batch: int, length: int, seed: int) -> Inputs:
        random = torch.Generator().manual_seed(seed)
        past = (batch, layers, config.heads, min(length, config.longest) - 1, width)
        cross = (batch, config.image_blocks, config.heads, config.queries, width)
        shapes = {"past_keys": past, "past_values": past, "cross_keys": cross, "cross_values": cross}
        ids = torch.randint(0, decoder.embedding.num_embeddings, (batch, 1), generator=random)
        return {"token_ids": ids, **{name: torch.randn(shape, generator=random) for name, shape in shapes.items()}}

    axes = {"token_ids": {0: "batch"}, "logits": {0: "batch"}}
    axes |= {name: {0: "batch"} for name in ("cross_keys", "cross_values")}
    axes |= {name: {0: "batch", 3: "past"} for name in ("past_keys", "past_values")}
    axes |= {name: {0: "batch", 3: "present"} for name in ("present_keys", "present_values")}
    return Graph("step", Step(decoder), ("logits", "present_keys", "present_values"), axes, make_inputs)
