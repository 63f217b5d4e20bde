from pathlib import Path

from tokenizers import Tokenizer

from labelstream_training.tokenise import BEGIN_ID, END_ID, PAD_ID, encode_all, load_tokenizer, train_tokenizer


def small_tokenizer() -> Tokenizer:
    return train_tokenizer(["red cotton shirt", "blue cotton jeans"] * 3, 300, 8)


def test_sequences_begin_and_end_and_are_cut_with_the_end_kept() -> None:
    tokenizer = small_tokenizer()
    assert tokenizer.encode("red").ids[0] == BEGIN_ID
    long = tokenizer.encode("red " * 50).ids
    assert len(long) == 8 and long[-1] == END_ID


def test_case_and_composition_do_not_matter() -> None:
    tokenizer = small_tokenizer()
    assert tokenizer.encode("RED Cafe\u0301").ids == tokenizer.encode("red café").ids
    assert tokenizer.encode("ΟΔΟΣ").ids == tokenizer.encode("οδος").ids == tokenizer.encode("οδοσ").ids


def test_padding_and_lengths() -> None:
    ids, lengths = encode_all(small_tokenizer(), ["red", ""], 8)
    assert ids.shape == (2, 8)
    assert lengths[1] == 2
    assert (ids[1, 2:] == PAD_ID).all()


def test_a_saved_tokenizer_gives_the_same_ids(tmp_path: Path) -> None:
    tokenizer = small_tokenizer()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert load_tokenizer(tmp_path / "tokenizer.json").encode("red 日本 shirt").ids == tokenizer.encode("red 日本 shirt").ids
