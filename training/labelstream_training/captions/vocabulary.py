"""The words a caption may be made of: the tokens of the encoder's tokenizer that train titles have often enough, as readable pieces."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer

from ..tokenise import BEGIN_ID, END_ID, PAD_ID

# The decoder's own first ids; the first three are those of the tokenizer.
UNKNOWN_ID = 3
RESERVED = 4
# How byte-level BPE writes a leading space.
SPACE = "Ġ"


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """`tokens`: the tokenizer's id of each of the decoder's ids. `pieces`: what each is in a title, as sellers mostly write it."""

    tokens: tuple[int, ...]
    pieces: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, ids: np.ndarray, size: int) -> np.ndarray:
        """int64 token ids of a tokenizer of `size` tokens → the decoder's ids, of the same shape; UNKNOWN_ID for tokens it lacks."""
        table = np.full(size, UNKNOWN_ID, dtype=np.int64)
        table[[PAD_ID, BEGIN_ID, END_ID]] = [PAD_ID, BEGIN_ID, END_ID]
        table[list(self.tokens[RESERVED:])] = np.arange(RESERVED, len(self.tokens))
        return table[ids]

    def title(self, ids: Sequence[int]) -> str:
        """The title that some of the decoder's ids spell; special ones are silent."""
        return "".join(self.pieces[index] for index in ids).strip()


def build_vocabulary(tokenizer: Tokenizer, texts: Sequence[str], least_count: int) -> Vocabulary:
    """Tokens that occur `least_count` times in `texts` and are whole characters, in the order of their ids."""
    counts: Counter[int] = Counter()
    spellings: dict[int, Counter[str]] = defaultdict(Counter)
    for text, encoding in zip(texts, tokenizer.encode_batch(list(texts)), strict=True):
        for index, token, (start, end) in zip(encoding.ids, encoding.tokens, encoding.offsets, strict=True):
            counts[index] += 1
            spellings[index][(" " if token.startswith(SPACE) else "") + text[start:end].strip()] += 1
    often = [index for index, count in sorted(counts.items()) if count >= least_count]
    kept = [index for index in often if index not in (PAD_ID, BEGIN_ID, END_ID) and is_whole(tokenizer, index)]
    pieces = [spellings[index].most_common(1)[0][0] for index in kept]
    return Vocabulary((PAD_ID, BEGIN_ID, END_ID, -1, *kept), ("",) * RESERVED + tuple(pieces))


def is_whole(tokenizer: Tokenizer, index: int) -> bool:
    """Whether a token is whole characters; part of one cannot be shown."""
    return "\ufffd" not in tokenizer.decode([index])
