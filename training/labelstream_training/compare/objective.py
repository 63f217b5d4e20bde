"""The training loss of a head over token sequences: masked task losses, and the options of `CompareConfig`."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..augment import choose_missing
from ..losses import contrastive_loss, task_loss
from .settings import CompareConfig
from .token_set import TokenBatch, TokenSet, join_views, run_head, take_images, take_texts
from .views import PLAIN, WITHOUT_LABEL_WORDS


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
    """Picture views by lot; titles plain or, in a share, without label words. Randomness is PyTorch's own generator."""
    names = data.train_views
    choice = torch.randint(len(names), (len(rows),)).numpy()
    image = torch.empty(len(rows), *data.images[names[0]].tokens.shape[1:])
    for number, name in enumerate(names):
        picked = np.flatnonzero(choice == number)
        image[torch.from_numpy(picked)] = take_images(data.images[name], rows[picked])
    texts = [take_texts(data.texts[view], rows) for view in (PLAIN, WITHOUT_LABEL_WORDS)[: 2 if label_words_share > 0 else 1]]
    text, mask, present = join_views(texts, (torch.rand(len(rows)) < label_words_share).long())
    return TokenBatch(image, data.has_image[torch.from_numpy(rows)], text, mask, present)


def swap_texts(tokens: TokenBatch, may_swap: Tensor, share: float) -> Tensor:
    """Gives a share of the listings where `may_swap` [B] is 1 the text of the listing before them, in place; returns which, float32 [B]."""
    swapped = (torch.rand(len(may_swap)) < share) & (may_swap > 0)
    here = torch.arange(len(swapped))
    source = torch.where(swapped, here.roll(1), here)
    tokens.text, tokens.text_mask, tokens.has_text = tokens.text[source], tokens.text_mask[source], tokens.has_text[source]
    return swapped.float()


def draw_batch(data: TokenSet, rows: np.ndarray, config: CompareConfig, sees: tuple[bool, bool]) -> TrainBatch:
    """A training batch. A head that looks at one modality only always gets that one, so that its budget is not halved."""
    tokens = random_views(data, rows, config.label_words_share)
    index = torch.from_numpy(rows)
    full = F.normalize(data.images[data.train_views[0]].embedding[index] + data.texts[PLAIN].embedding[index], dim=-1)  # [B, E]
    both = data.has_image[index] * data.texts[PLAIN].present[index]  # [B]
    has_image, has_text = tokens.has_image * float(sees[0]), tokens.has_text * float(sees[1])
    if all(sees):
        keeps_image, keeps_text = choose_missing(len(rows), config.image_only_share, config.text_only_share, torch.default_generator)
        if config.mismatch_share > 0:
            # Only where both stay: the labels are those of the image, and a text alone is never wrong.
            both = both * (1.0 - swap_texts(tokens, has_image * keeps_image * keeps_text, config.mismatch_share))
        has_image, has_text = tokens.has_image * keeps_image, tokens.has_text * keeps_text
    return TrainBatch(tokens, has_image, has_text, data.labels[index], data.groups[index], full, both)


def missing_losses(logits: list[Tensor], complete: list[Tensor], lacking: Tensor, config: CompareConfig) -> Tensor:
    """Distillation from the complete case and the penalty on confidence that rises; `lacking` [B] is 1 where a modality was taken away.

    The penalty is that of "Calibrating Multimodal Learning" (ICML 2023), with the complete case held still.
    """
    total, rows = lacking.new_zeros(()), lacking.sum().clamp(min=1.0)
    for scores, target in zip(logits, complete, strict=True):
        wanted = target.softmax(dim=1)  # [B, C]
        divergence = F.kl_div(scores.log_softmax(dim=1), wanted, reduction="none").sum(dim=1)  # [B]
        rise = F.relu(scores.softmax(dim=1).amax(dim=1) - wanted.amax(dim=1))  # [B]
        both = config.distillation_weight * divergence + config.monotone_weight * rise
        total = total + (both * lacking).sum() / rows
    return total / len(logits)


def own_loss(head: nn.Module, batch: TrainBatch) -> Tensor:
    """The loss that a head brings along, over the listings that have both modalities in this batch."""
    rows = (batch.has_image * batch.has_text > 0).nonzero()[:, 0]
    if len(rows) == 0:
        return batch.full.new_zeros(())
    image, text = batch.tokens.image[rows], batch.tokens.text[rows]
    return head.auxiliary_loss(image, torch.ones(image.shape[:2]), text, batch.tokens.text_mask[rows])


def loss_of(head: nn.Module, average: nn.Module, batch: TrainBatch, config: CompareConfig, scale: Tensor) -> Tensor:
    """The loss of one batch; `scale` is the towers' contrastive scale, `average` the averaged head that answers the complete case."""
    logits, _, embedding = run_head(head, batch.tokens, batch.has_image, batch.has_text)
    seen = ((batch.has_image + batch.has_text) > 0).float()  # [B]
    loss = task_loss(logits, batch.labels, seen, config.label_smoothing)
    loss = loss + config.fused_contrastive_weight * contrastive_loss(embedding, batch.full, scale, batch.groups, batch.both * seen)
    if hasattr(head, "auxiliary_loss"):
        loss = loss + config.own_loss_weight * own_loss(head, batch)
    if config.distillation_weight > 0 or config.monotone_weight > 0:
        with torch.no_grad():
            complete, _, _ = run_head(average, batch.tokens, batch.tokens.has_image, batch.tokens.has_text)
        lacking = batch.both * seen * (1.0 - batch.has_image * batch.has_text)  # [B]
        loss = loss + missing_losses(logits, complete, lacking, config)
    return loss
