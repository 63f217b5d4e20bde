import numpy as np

from labelstream_training.captions.vocabulary import RESERVED, UNKNOWN_ID, build_vocabulary
from labelstream_training.tokenise import BEGIN_ID, END_ID, PAD_ID, encode_all, train_tokenizer

TITLES = ["Nike Men Blue T-shirt", "Nike Men Red T-shirt", "NIKE men Blue Shoes", "Nike Women Blue Shoes", "Puma 東 Shoes", "Puma 東 Cap"]


def test_frequent_tokens_are_pieces_as_sellers_mostly_write_them() -> None:
    tokenizer = train_tokenizer(TITLES, 400, 12)
    vocabulary = build_vocabulary(tokenizer, TITLES, 3)
    assert vocabulary.pieces[:RESERVED] == ("",) * RESERVED
    assert "Nike" in vocabulary.pieces and " Men" in vocabulary.pieces and " Blue" in vocabulary.pieces
    assert not any("Puma" in piece for piece in vocabulary.pieces)
    ids, lengths = encode_all(tokenizer, ["nike MEN blue"], 12)
    own = vocabulary.encode(ids, tokenizer.get_vocab_size())[0, : lengths[0]]
    assert own[0] == BEGIN_ID and own[-1] == END_ID
    assert vocabulary.title(own.tolist()) == "Nike Men Blue"


def test_rare_tokens_and_parts_of_characters_are_unknown_and_silent() -> None:
    tokenizer = train_tokenizer(TITLES[:4], 300, 12)
    vocabulary = build_vocabulary(tokenizer, TITLES, 2)
    ids, lengths = encode_all(tokenizer, ["Puma 東 Shoes"], 12)
    own = vocabulary.encode(ids, tokenizer.get_vocab_size())[0]
    assert UNKNOWN_ID in own[: lengths[0]]
    assert (own[lengths[0] :] == PAD_ID).all()
    assert "\ufffd" not in vocabulary.title(np.arange(len(vocabulary)).tolist())
