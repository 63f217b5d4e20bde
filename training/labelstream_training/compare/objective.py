"""The training loss of a head over token sequences: masked task losses, the contrastive loss, a head's own."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..augment import choose_missing
from ..losses import contrastive_loss, task_loss
from .settings import CompareConfig
from .token_set import TokenBatch, TokenSet, join_views, random_pictures, run_head, take_texts
from .views import FEW_WORDS, PLAIN


@dataclasses.dataclass
class TrainBatch:
    """A batch as it is trained on: which modalities are left, labels [B, T], and the target of the fused embedding [B, E]."""

    tokens: TokenBatch
    has_image: Tensor
    has_text: Tensor
    labels: Tensor
    groups: Tensor
    full: Tensor
    # 1 where image and text belong together and the listing has both, whatever is left of it here.
    both: Tensor


def random_views(data: TokenSet, rows: np.ndarray, label_words_share: float) -> TokenBatch:
    """Picture views by lot; titles plain or, in a share, with few words. Randomness is PyTorch's own generator."""
    image = random_pictures(data, rows)
    texts = [take_texts(data.texts[view], rows) for view in (PLAIN, FEW_WORDS)[: 2 if label_words_share > 0 else 1]]
    text, mask, present = join_views(texts, (torch.rand(len(rows)) < label_words_share).long())
    return TokenBatch(image, data.has_image[torch.from_numpy(rows)], text, mask, present)


def draw_batch(data: TokenSet, rows: np.ndarray, config: CompareConfig, sees: tuple[bool, bool]) -> TrainBatch:
    """A training batch. A head that looks at one modality only always gets that one, so that its budget is not halved."""
    tokens = random_views(data, rows, config.label_words_share)
    index = torch.from_numpy(rows)
    full = F.normalize(data.images[data.train_views[0]].embedding[index] + data.texts[PLAIN].embedding[index], dim=-1)  # [B, E]
    both = data.has_image[index] * data.texts[PLAIN].present[index]  # [B]
    has_image, has_text = tokens.has_image * float(sees[0]), tokens.has_text * float(sees[1])
    if all(sees):
        keeps_image, keeps_text = choose_missing(len(rows), config.image_only_share, config.text_only_share, torch.default_generator)
        has_image, has_text = tokens.has_image * keeps_image, tokens.has_text * keeps_text
    return TrainBatch(tokens, has_image, has_text, data.labels[index], data.groups[index], full, both)


def own_loss(head: nn.Module, batch: TrainBatch) -> Tensor:
    """The loss that a head brings along, over the listings that have both modalities in this batch."""
    rows = (batch.has_image * batch.has_text > 0).nonzero()[:, 0]
    if len(rows) == 0:
        return batch.full.new_zeros(())
    image, text = batch.tokens.image[rows], batch.tokens.text[rows]
    return head.auxiliary_loss(image, torch.ones(image.shape[:2]), text, batch.tokens.text_mask[rows])


def loss_of(head: nn.Module, batch: TrainBatch, config: CompareConfig, scale: Tensor) -> Tensor:
    """The loss of one batch; `scale` is the towers' contrastive scale."""
    logits, _, embedding = run_head(head, batch.tokens, batch.has_image, batch.has_text)
    seen = ((batch.has_image + batch.has_text) > 0).float()  # [B]
    loss = task_loss(logits, batch.labels, seen, config.label_smoothing)
    loss = loss + config.fused_contrastive_weight * contrastive_loss(embedding, batch.full, scale, batch.groups, batch.both * seen)
    if hasattr(head, "auxiliary_loss"):
        loss = loss + config.own_loss_weight * own_loss(head, batch)
    return loss
