"""Named ways to look at the same listing: pictures plain, augmented or blurred; titles plain, without label words or mistyped."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..augment import augment_pictures
from ..catalogue import Listing, named_labels
from .titles import with_few_words, with_typos, without_label_words

PLAIN, BLURRED, AUGMENTED = "plain", "blurred", "augmented"
WITHOUT_LABEL_WORDS, FEW_WORDS, TYPOS = "withoutLabelWords", "fewWords", "typos"
TRAIN_TEXTS = (PLAIN, WITHOUT_LABEL_WORDS, FEW_WORDS)
VAL_PICTURES, VAL_TEXTS = (PLAIN, BLURRED), (PLAIN, WITHOUT_LABEL_WORDS, TYPOS)
BLUR_SIGMA_PX = 1.2


def train_pictures(augmented: int) -> tuple[str, ...]:
    """Picture views of the train rows: augmented ones, as the towers saw them, or the plain one where none are wanted.

    The towers know the train pictures by heart, the plain ones best: a head trained on those trusts pictures far too much.
    """
    return tuple(f"{AUGMENTED}{number}" for number in range(1, augmented + 1)) or (PLAIN,)


def blur(x: Tensor) -> Tensor:
    """Gaussian blur of normalised pictures [B, 3, H, W], white (0) around them."""
    radius = round(3 * BLUR_SIGMA_PX)
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / BLUR_SIGMA_PX) ** 2)
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, -1)  # [3, 1, 1, k]
    x = F.conv2d(x, kernel, padding=(0, radius), groups=3)
    return F.conv2d(x, kernel.transpose(2, 3), padding=(radius, 0), groups=3)


def picture_view(x: Tensor, view: str, first_row: int) -> Tensor:
    """Normalised [B, 3, H, W] → the same shape. Augmentation is a function of the view's name and the batch's first row."""
    if view == BLURRED:
        x = blur(x)
    elif view.startswith(AUGMENTED):
        random = torch.Generator().manual_seed(int(view.removeprefix(AUGMENTED)) * 1_000_003 + first_row)
        x = augment_pictures(x, x.shape[3], x.shape[2], random)
    return x.contiguous(memory_format=torch.channels_last)


def text_view(listing: Listing, view: str, row: int) -> str:
    """The text of a listing as a view has it; it may be left empty.

    Titles of train rows lose more than their label words: the text tower knows the train titles by heart and tells the label from the rest.
    """
    labels = named_labels(listing)
    if view == WITHOUT_LABEL_WORDS:
        return without_label_words(listing.text, labels)
    if view == FEW_WORDS:
        return with_few_words(without_label_words(listing.text, labels), row)
    return with_typos(listing.text, row) if view == TYPOS else listing.text
