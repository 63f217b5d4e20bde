"""Byte-level BPE in the Hugging Face `tokenizer.json` format, so the services read the very same file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TOKENIZER_FILE = "tokenizer.json"
PAD, BEGIN, END = "<pad>", "<s>", "</s>"
SPECIAL_TOKENS = [PAD, BEGIN, END]
PAD_ID, BEGIN_ID, END_ID = 0, 1, 2


def make_normaliser() -> normalizers.Normalizer:
    """NFC and lower case. Final sigma is undone: JavaScript lower-cases Σ by its place in the word, Rust does not."""
    return normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase(), normalizers.Replace("ς", "σ")])


def train_tokenizer(texts: Iterable[str], vocabulary: int, context_length: int) -> Tokenizer:
    """Learns the merges from `texts`; every sequence is BEGIN, words, END, cut to `context_length`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = make_normaliser()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BEGIN} $A {END}", special_tokens=[(BEGIN, BEGIN_ID), (END, END_ID)])
    tokenizer.enable_truncation(context_length)
    return tokenizer


def load_tokenizer(path: Path) -> Tokenizer:
    """Reads a `tokenizer.json`."""
    return Tokenizer.from_file(str(path))


def encode_all(tokenizer: Tokenizer, texts: Sequence[str], context_length: int) -> tuple[np.ndarray, np.ndarray]:
    """ids int64 [N, context_length] padded with PAD_ID, and lengths int64 [N]."""
    ids = np.full((len(texts), context_length), PAD_ID, dtype=np.int64)
    lengths = np.zeros(len(texts), dtype=np.int64)
    for row, encoding in enumerate(tokenizer.encode_batch(list(texts))):
        lengths[row] = len(encoding.ids)
        ids[row, : lengths[row]] = encoding.ids
    return ids, lengths
