"""Changes of titles: the words that name the labels taken out, words left out, and typing errors."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

import numpy as np

TYPO_SHARE = 0.3
# Of the words of a title; drawn per title.
KEPT_SHARE = (0.1, 0.9)
SHORTEST_TYPO_WORD = 4


def stem(word: str) -> str:
    """A word as it is compared: lower case, letters and digits only, without the s of a plural."""
    return re.sub(r"[^a-z0-9]", "", word.lower()).removesuffix("s")


def label_stems(labels: Sequence[str]) -> set[str]:
    """Stems of all words of some labels, and of each label written as one word ("T-shirt" is "Tshirts")."""
    words = [word for label in labels for word in (*re.split(r"[\s-]+", label), label)]
    return {stem(word) for word in words if stem(word)} - {"and"}


def is_split_label(first: str, second: str, stems: set[str]) -> bool:
    """Whether two words are one label ("T shirt")."""
    return bool(stem(first) and stem(second)) and stem(first + second) in stems


def without_label_words(title: str, labels: Sequence[str]) -> str:
    """Takes out each word, and each two words that are one ("T shirt"), that name one of the labels, and nothing else."""
    stems, words = label_stems(labels), title.split()
    kept, place = [], 0
    while place < len(words):
        if place + 1 < len(words) and is_split_label(words[place], words[place + 1], stems):
            place += 2
            continue
        parts = [stem(part) for part in (words[place], *words[place].split("-"))]
        if not any(part in stems for part in parts if part):
            kept.append(words[place])
        place += 1
    return " ".join(kept)


def names_label(title: str, label: str) -> bool:
    """Whether a word, or two that are one, of the title names the label."""
    return bool(label) and without_label_words(title, [label]) != " ".join(title.split())


def with_few_words(title: str, seed: int) -> str:
    """Keeps a share of the words, drawn from `KEPT_SHARE`, in their order; at least one where there is one."""
    random = np.random.default_rng(seed)
    words, share = title.split(), random.uniform(*KEPT_SHARE)
    kept = [word for word in words if random.random() < share]
    return " ".join(kept or words[:1])


def mistype(word: str, random: np.random.Generator) -> str:
    """Two letters swapped, one left out, one doubled, or one replaced."""
    place = int(random.integers(1, len(word) - 1))
    kinds = [
        word[:place] + word[place + 1] + word[place] + word[place + 2 :],
        word[:place] + word[place + 1 :],
        word[:place] + word[place] + word[place:],
        word[:place] + random.choice(list(string.ascii_lowercase)) + word[place + 1 :],
    ]
    return kinds[int(random.integers(len(kinds)))]


def with_typos(title: str, seed: int) -> str:
    """A typing error in about `TYPO_SHARE` of the longer words, in at least one where there is one."""
    random = np.random.default_rng(seed)
    words = title.split(" ")
    longer = [index for index, word in enumerate(words) if len(word) >= SHORTEST_TYPO_WORD]
    chosen = [index for index in longer if random.random() < TYPO_SHARE]
    if longer and not chosen:
        chosen = [int(random.choice(longer))]
    for index in chosen:
        words[index] = mistype(words[index], random)
    return " ".join(words)
