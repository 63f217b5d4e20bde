import gzip
import json
from pathlib import Path

from labelstream_training.clip_export.contract import MERGES_FILE, PIXELS_FILE, TOKENS_FILE, write_clip_contracts
from labelstream_training.clip_export.random_texts import random_texts

GOLDEN = Path(__file__).parents[3] / "packages" / "shared" / "contracts" / "golden"


def test_the_golden_vectors_are_those_of_the_libraries(tmp_path: Path) -> None:
    for path in write_clip_contracts(tmp_path):
        # Two builds of zlib may pack the same merges in other bytes.
        read = gzip.decompress if path.name == MERGES_FILE else bytes
        assert read(path.read_bytes()) == read((GOLDEN / path.name).read_bytes()), path.name


def test_the_golden_vectors_are_small() -> None:
    assert sum((GOLDEN / name).stat().st_size for name in (MERGES_FILE, TOKENS_FILE, PIXELS_FILE)) < 1_000_000
    libraries = json.loads((GOLDEN / TOKENS_FILE).read_text("utf-8"))["libraries"]
    assert [len(library["hashes"]) for library in libraries] == [41_600, 41_600]


def test_texts_are_drawn_from_the_seed_alone() -> None:
    assert random_texts(7, 20) == random_texts(7, 20)
    assert random_texts(7, 20) != random_texts(8, 20)
