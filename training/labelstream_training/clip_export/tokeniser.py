"""tokenizer.json of a checkpoint, checked; and one for the vocabulary that open_clip ships."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from .checkpoint import Tokeniser, require

# OpenAI's file has more merges than CLIP's vocabulary of 49,408 takes: 2 × 256 bytes and two special tokens are not merges.
OPENAI_MERGES = 49_152 - 256 - 2
END_OF_WORD = "</w>"
BEGIN, END = "<start_of_text>", "<end_of_text>"
# Words as CLIP's own pattern has them. It ignores case, and to that rule the long s is an s.
WORDS = r"'[sſ]|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
# How that pattern ends in all its versions: letters, a digit, and all that is neither nor white space.
LAST_WORDS = r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def byte_letters() -> list[str]:
    """One printable character per byte, in the order of CLIP's vocabulary: bytes that are printable first."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return [*map(chr, printable), *(chr(256 + place) for place in range(len(others)))]


def read_merges(path: Path) -> list[tuple[str, str]]:
    """Merges of `bpe_simple_vocab_16e6.txt.gz`, whose first line is a heading."""
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").split("\n")
    return [tuple(line.split(" ", 1)) for line in lines[1 : OPENAI_MERGES + 1]]


def vocabulary_of(merges: list[tuple[str, str]], special: tuple[str, ...]) -> dict[str, int]:
    """Ids as CLIP numbers them: bytes, bytes at a word's end, merges, special tokens."""
    letters = byte_letters()
    words = [*letters, *(letter + END_OF_WORD for letter in letters), *(first + second for first, second in merges), *special]
    return {word: place for place, word in enumerate(words)}


def open_clip_tokenizer(merges: list[tuple[str, str]], context_length: int) -> Tokenizer:
    """open_clip's own tokeniser, for text that was cleaned as it cleans it (the service does, see `text.clean` of the manifest)."""
    vocabulary = vocabulary_of(merges, (BEGIN, END))
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, end_of_word_suffix=END_OF_WORD, unk_token=END))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(WORDS), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(BEGIN, special=True), AddedToken(END, special=True)])
    pair = [(token, vocabulary[token]) for token in (BEGIN, END)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BEGIN} $A {END}", special_tokens=pair)
    tokenizer.enable_truncation(context_length)
    return tokenizer


def served(tokenizer: Tokenizer) -> dict:
    """The content of tokenizer.json as the services' runtime reads it right.

    CLIP's own pattern has found all words when the second step, bytes to letters, would look for words once more. It finds the same
    ones, but not in JavaScript, where U+FEFF counts as white space. So it is told not to.
    """
    definition = json.loads(tokenizer.to_str())
    steps = (definition["pre_tokenizer"] or {}).get("pretokenizers", [])
    finds_words = len(steps) > 1 and steps[0]["type"] == "Split" and str(steps[0]["pattern"].get("Regex", "")).endswith(LAST_WORDS)
    if finds_words and steps[1]["type"] == "ByteLevel":
        steps[1]["use_regex"] = False
    return definition


def checked(tokenizer: Tokenizer, ids: tuple[int, int, int], vocabulary: int, clean: str | None, source: str) -> Tokeniser:
    """Begin, end and pad id with the definition. Raises CheckpointError where the service could not use it or the tower has no such ids."""
    begin, end, pad = ids
    definition = served(tokenizer)
    kind = definition["model"]["type"]
    require(kind == "BPE", f"{source}: its tokeniser is of the kind {kind}; CLIP's is BPE")
    largest = max(tokenizer.get_vocab(with_added_tokens=True).values())
    require(
        largest < vocabulary,
        f"{source}: its tokeniser has ids up to {largest}, its text tower {vocabulary} words: they do not belong together",
    )
    empty = tokenizer.encode("").ids
    require(empty == [begin, end], f"{source}: its tokeniser makes {empty} of an empty text instead of its begin and end token")
    return Tokeniser(json.dumps(definition, ensure_ascii=False), begin, end, pad, clean)
