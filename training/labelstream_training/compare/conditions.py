"""What a catalogue does to a listing, as conditions a trained head is measured under."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor, nn

from .token_set import TokenBatch, TokenSet, run_head, take_images, take_texts
from .trainer import EVALUATION_BATCH
from .views import BLURRED, PLAIN, TYPOS, WITHOUT_LABEL_WORDS

MIXED_SHARE = 0.7
SEED = 20
# In the order of the tables. `mixed` and the two flagged ones are put together from the others, listing by listing.
CONDITIONS = {
    "complete": "complete",
    "imageMissing": "image missing",
    "textMissing": "text missing",
    "mixedMissing": "70 % mixed missing",
    "otherText": "another listing's text",
    "otherTextFlagged": "another listing's text, flagged pairs without their text",
    "otherImage": "another listing's image",
    "withoutLabelWords": "label words taken out",
    "typos": "typing errors",
    "blurred": "blurred picture",
}


@dataclasses.dataclass
class Seen:
    """A head's answers under one condition: `logits` float32 [N, C] per task, `weights` float32 [N, T, 2], `pattern` [N].

    `pattern` says what was there: 0 complete, 1 only the image, 2 only the text (3: nothing).
    """

    logits: list[Tensor]
    weights: Tensor
    pattern: Tensor


@dataclasses.dataclass(frozen=True)
class Look:
    """How the rows are shown: views, whose image and whose text (row numbers), and what is left."""

    picture: str = PLAIN
    text: str = PLAIN
    image_rows: np.ndarray | None = None
    text_rows: np.ndarray | None = None
    image_flag: float = 1.0
    text_flag: float = 1.0


def mixed_patterns(count: int, share: float = MIXED_SHARE, seed: int = SEED) -> Tensor:
    """Per row 0 complete, 1 only the image, 2 only the text: `share` of the rows lack one, half of them each, never both."""
    places = np.random.default_rng(seed).permutation(count)
    pattern = np.zeros(count, dtype=np.int64)
    lacking = round(count * share)
    pattern[places[: lacking // 2]] = 1
    pattern[places[lacking // 2 : lacking]] = 2
    return torch.from_numpy(pattern)


@torch.no_grad()
def run_look(head: nn.Module, data: TokenSet, look: Look) -> Seen:
    """The head on all rows as `look` shows them."""
    everything = np.arange(len(data))
    image_rows = everything if look.image_rows is None else look.image_rows
    text_rows = everything if look.text_rows is None else look.text_rows
    logits, weights, patterns = [], [], []
    for start in range(0, len(data), EVALUATION_BATCH):
        of_image, of_text = image_rows[start : start + EVALUATION_BATCH], text_rows[start : start + EVALUATION_BATCH]
        text, mask, present = take_texts(data.texts[look.text], of_text)
        has_image, has_text = data.has_image[torch.from_numpy(of_image)] * look.image_flag, present * look.text_flag
        image = take_images(data.images[look.picture], of_image) if look.image_flag > 0 else torch.zeros(len(text), 1, text.shape[2])
        scores, shares, _ = run_head(head, TokenBatch(image, has_image, text, mask, has_text), has_image, has_text)
        logits.append(scores)
        weights.append(shares)
        patterns.append(((1 - has_image) * 2 + (1 - has_text)).long())
    return Seen([torch.cat(scores) for scores in zip(*logits, strict=True)], torch.cat(weights), torch.cat(patterns))


def pick(choices: list[Seen], choice: Tensor) -> Seen:
    """Per row the answer that `choice` [N] names."""
    rows = torch.arange(len(choice))
    return Seen(
        logits=[torch.stack(scores)[choice, rows] for scores in zip(*[seen.logits for seen in choices], strict=True)],
        weights=torch.stack([seen.weights for seen in choices])[choice, rows],
        pattern=torch.stack([seen.pattern for seen in choices])[choice, rows],
    )


def run_conditions(head: nn.Module, data: TokenSet, other: np.ndarray, flagged: Tensor) -> dict[str, Seen]:
    """All conditions; `other` [N] are the partners of swapped pairs, `flagged` [N] says which image and other text do not fit (1)."""
    looks = {
        "complete": Look(),
        "imageMissing": Look(image_flag=0.0),
        "textMissing": Look(text_flag=0.0),
        "otherText": Look(text_rows=other),
        "otherImage": Look(image_rows=other),
        "withoutLabelWords": Look(text=WITHOUT_LABEL_WORDS),
        "typos": Look(text=TYPOS),
        "blurred": Look(picture=BLURRED),
    }
    seen = {name: run_look(head, data, look) for name, look in looks.items()}
    seen["mixedMissing"] = pick([seen["complete"], seen["textMissing"], seen["imageMissing"]], mixed_patterns(len(data)))
    seen["otherTextFlagged"] = pick([seen["otherText"], seen["textMissing"]], flagged.long())
    return {name: seen[name] for name in CONDITIONS}
