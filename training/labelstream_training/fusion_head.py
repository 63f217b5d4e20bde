"""The multi-task head of CMA-CLIP (arXiv 2112.03562) over the token sequences of both towers.

Sequence-wise attention: one transformer over both sequences. Modality-wise attention: per task, a softmax over the
dot products of the aggregate image and text vectors with a learned vector. Task head: one linear layer per task.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import MASKED_SCORE, Block, init_weights, key_bias
from .config import ModelConfig

# Limit of the logarithm of a listing's inverse temperature.
MOST_SHARPENING = 1.5
# Added to the lead of a label, so that a tie has a logarithm.
LEAST_LEAD = 0.3


class ModalityWiseAttention(nn.Module):
    """One learned vector per task decides how much of a task's evidence is image and how much is text."""

    def __init__(self, tasks: int, width: int) -> None:
        super().__init__()
        self.vector = nn.Parameter(torch.randn(tasks, width) * 0.02)
        self.scale = width**-0.5

    def forward(self, pair: Tensor, present: Tensor) -> Tensor:
        """`pair` [B, 2, width] and `present` [B, 2] of 1 and 0 → weights [B, T, 2]; a missing modality weighs 0."""
        scores = torch.einsum("bmd,td->btm", pair, self.vector) * self.scale  # [B, T, 2]
        keep = present[:, None, :]  # [B, 1, 2]
        # The last factor makes both weights 0 when nothing is there at all.
        return torch.softmax(scores + (1.0 - keep) * MASKED_SCORE, dim=-1) * keep  # [B, T, 2]


def log_lead(logits: Tensor) -> Tensor:
    """How far the first label is ahead of the second: logits [B, C] → logarithm [B]."""
    best = logits.topk(min(2, logits.shape[1]), dim=1).values  # [B, 2], or [B, 1] where there is but one label
    return (best[:, 0] - best[:, -1] + LEAST_LEAD).log()


def sharpening(fused: Tensor, leads: Tensor, sharpness: Tensor) -> Tensor:
    """What the logits of a listing are multiplied with: its own inverse temperature ("Sample-dependent adaptive temperature scaling",
    arXiv 2207.06211), per task the exponential of a dot product. It changes no label, only how sure the head is of it.

    `fused` [B, T, width] is what the task heads read, `leads` [B, T] the `log_lead` of what they say; `sharpness` [T, width + 1] has last
    what the lead counts: below 0, high confidences and low ones come nearer to each other → [B, T].
    """
    exponent = (fused * sharpness[:, :-1]).sum(dim=-1) * fused.shape[-1] ** -0.5 + leads * sharpness[:, -1]  # [B, T]
    return exponent.clamp(-MOST_SHARPENING, MOST_SHARPENING).exp()


class FusionHead(nn.Module):
    """Token sequences and masks → logits per task, modality weights per task, fused embedding."""

    def __init__(self, config: ModelConfig, class_counts: list[int]) -> None:
        super().__init__()
        self.modality = nn.Parameter(torch.randn(2, config.width) * 0.02)
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.fusion_mlp_ratio) for _ in range(config.fusion_blocks))
        self.norm = nn.LayerNorm(config.width)
        self.modality_wise = ModalityWiseAttention(len(class_counts) + 1, config.width)
        self.task_heads = nn.ModuleList(nn.Linear(config.width, count) for count in class_counts)
        self.projection = nn.Linear(config.width, config.embedding_width, bias=False)
        # Not trained with the rest and not in a checkpoint: fitted with the calibration (`fit_sharpness`); 0 changes nothing.
        self.register_buffer("sharpness", torch.zeros(len(class_counts), config.width + 1), persistent=False)
        self.blocks.apply(init_weights)
        self.task_heads.apply(init_weights)

    def aggregate(self, image: Tensor, image_mask: Tensor, text: Tensor, text_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Sequence-wise attention: [B, Ni, width], [B, Ni], [B, Nt, width], [B, Nt] → class vectors [B, 2, width].

        Second comes the attention of the last block, [B, h, Ni + Nt, Ni + Nt], image tokens first.
        """
        # Whatever stands in a masked place, NaN included, must not reach the sums.
        image = torch.where(image_mask[:, :, None] > 0, image, 0.0) + self.modality[0]  # [B, Ni, width]
        text = torch.where(text_mask[:, :, None] > 0, text, 0.0) + self.modality[1]  # [B, Nt, width]
        x = torch.cat([image, text], dim=1)  # [B, Ni + Nt, width]
        bias = key_bias(torch.cat([image_mask, text_mask], dim=1))  # [B, 1, 1, Ni + Nt]
        for block in self.blocks:
            x, attention = block.attend(x, bias)
        # The class tokens of both sequences: places 0 and Ni.
        pair = torch.cat([x[:, :1], x[:, image.shape[1] :][:, :1]], dim=1)  # [B, 2, width]
        return self.norm(pair), attention

    def forward(
        self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        """Returns logits (one [B, C] per task), modality weights [B, T, 2] (image, text), embedding [B, E].

        Masks are float32 of 1 and 0. A modality is there when its class token (place 0) is unmasked.
        """
        return self.explain(image_tokens, image_mask, text_tokens, text_mask)[:3]

    def explain(
        self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor
    ) -> tuple[list[Tensor], Tensor, Tensor, Tensor]:
        """As `forward`, and fourth the attention that `aggregate` returns."""
        fused, weights, attention = self.task_vectors(image_tokens, image_mask, text_tokens, text_mask)
        # The last row belongs to the embedding, not to a task.
        embedding = F.normalize(self.projection(fused[:, -1]), dim=-1)  # [B, E]
        return self.logits_of(fused), weights[:, :-1], embedding, attention

    def task_vectors(
        self, image_tokens: Tensor, image_mask: Tensor, text_tokens: Tensor, text_mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What the task heads and, last, the projection read [B, T + 1, width]; modality weights [B, T + 1, 2]; `aggregate`'s attention."""
        pair, attention = self.aggregate(image_tokens, image_mask, text_tokens, text_mask)  # [B, 2, width], [B, h, Ni + Nt, Ni + Nt]
        present = torch.stack([image_mask[:, 0], text_mask[:, 0]], dim=1)  # [B, 2]
        weights = self.modality_wise(pair, present)  # [B, T + 1, 2]
        return weights @ pair, weights, attention

    def logits_of(self, fused: Tensor) -> list[Tensor]:
        """What the task heads say of `task_vectors` [B, T + 1, width]: one [B, C] per task."""
        found = [head(fused[:, index]) for index, head in enumerate(self.task_heads)]
        leads = torch.stack([log_lead(logits) for logits in found], dim=1)  # [B, T]
        factors = sharpening(fused[:, :-1], leads, self.sharpness)  # [B, T]
        return [logits * factors[:, index, None] for index, logits in enumerate(found)]
