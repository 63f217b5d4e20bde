import json

import pytest
import transformers
from open_clip.tokenizer import SimpleTokenizer
from tiny_clips import SPECIAL, merges_file
from tokenizers import Tokenizer

from labelstream_training.clip_export.checkpoint import CheckpointError
from labelstream_training.clip_export.random_texts import random_texts
from labelstream_training.clip_export.tokeniser import checked, open_clip_tokenizer, read_merges, served, vocabulary_of


@pytest.fixture(scope="module")
def merges() -> list[tuple[str, str]]:
    return read_merges(merges_file())


def test_the_vocabulary_is_numbered_as_clip_numbers_it(merges: list[tuple[str, str]]) -> None:
    simple = SimpleTokenizer()
    assert vocabulary_of(merges, ("<start_of_text>", "<end_of_text>")) == simple.encoder
    assert len(simple.encoder) == 49408


def test_what_is_served_has_the_ids_of_transformers(merges: list[tuple[str, str]]) -> None:
    original = transformers.CLIPTokenizer(vocabulary_of(merges, SPECIAL), merges)
    definition = served(original.backend_tokenizer)
    assert definition["pre_tokenizer"]["pretokenizers"][1]["use_regex"] is False
    own = Tokenizer.from_str(json.dumps(definition))
    for text in random_texts(3, 300):
        assert own.encode(text).ids == original(text).input_ids


def test_open_clips_tokenizer_has_its_ids_for_clean_text(merges: list[tuple[str, str]]) -> None:
    own, simple = open_clip_tokenizer(merges, 10_000), SimpleTokenizer()
    for text in random_texts(4, 300):
        assert own.encode(simple.clean_fn(text)).ids == [49406, *simple.encode(text), 49407]


def test_a_tokeniser_that_does_not_fit_is_refused(merges: list[tuple[str, str]]) -> None:
    tokenizer = open_clip_tokenizer(merges, 77)
    with pytest.raises(CheckpointError, match="ids up to 49407, its text tower 49407 words"):
        checked(tokenizer, (49406, 49407, 0), 49407, None, "here")
    with pytest.raises(CheckpointError, match="instead of its begin and end token"):
        checked(tokenizer, (1, 2, 0), 49408, None, "here")
