"""How good proposed titles are: the words that name the labels, exact matches, BLEU, and what the default model reads out of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from ..compare.titles import stem, without_label_words

LONGEST_GRAM = 4


def names_label(title: str, label: str) -> bool:
    """Whether a title has the words that name a label, singular or plural, in one word or in two."""
    return len(without_label_words(title, [label]).split()) < len(title.split())


def share_naming(titles: Sequence[str], labels: Sequence[str]) -> float:
    """Share of the labelled titles that name their label."""
    pairs = [(title, label) for title, label in zip(titles, labels, strict=True) if label]
    return sum(names_label(title, label) for title, label in pairs) / max(1, len(pairs))


def words_of(title: str) -> list[str]:
    """Words as they are compared."""
    return [word for word in (stem(part) for part in title.split()) if word]


def share_exact(titles: Sequence[str], truths: Sequence[str]) -> float:
    """Share of the titles that are the seller's, word by word."""
    return sum(words_of(title) == words_of(truth) for title, truth in zip(titles, truths, strict=True)) / max(1, len(titles))


def share_first_word(titles: Sequence[str], truths: Sequence[str]) -> float:
    """Share of the titles that begin with the seller's first word, which mostly is the brand."""
    return sum(words_of(title)[:1] == words_of(truth)[:1] for title, truth in zip(titles, truths, strict=True)) / max(1, len(titles))


def grams(words: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    """All runs of `size` words."""
    return Counter(tuple(words[at : at + size]) for at in range(len(words) - size + 1))


def bleu(titles: Sequence[str], truths: Sequence[str]) -> float:
    """Corpus BLEU-4 (Papineni et al. 2002) against one reference each."""
    found, wanted = [words_of(title) for title in titles], [words_of(truth) for truth in truths]
    logarithms = []
    for size in range(1, LONGEST_GRAM + 1):
        pairs = [(grams(have, size), grams(want, size)) for have, want in zip(found, wanted, strict=True)]
        matched = sum((have & want).total() for have, want in pairs)
        said = sum(have.total() for have, _ in pairs)
        if matched == 0:
            return 0.0
        logarithms.append(math.log(matched / said))
    have, want = sum(map(len, found)), sum(map(len, wanted))
    brevity = min(0.0, 1.0 - want / have)
    return math.exp(brevity + sum(logarithms) / LONGEST_GRAM)
