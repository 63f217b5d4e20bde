import json
from pathlib import Path

import numpy as np
import pytest

from labelstream_training.bundle import bundle_id
from labelstream_training.cli import main
from labelstream_training.heads import HEADS
from labelstream_training.tiny import ENCODER, SERVED_FILE, TOLERANCE

COMMITTED = Path(__file__).resolve().parents[2] / "packages" / "shared" / "test" / "fixtures" / "heads"
MOST_BYTES, MOST_BYTES_A_BUNDLE = 700_000, 60_000


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tiny") / "heads"
    assert main(["tiny-bundles", "--out", str(out)]) == 0
    return out


def test_there_is_one_small_bundle_of_every_kind_for_one_encoder(made: Path) -> None:
    assert {path.name for path in made.iterdir()} == {ENCODER, SERVED_FILE, *HEADS}
    for kind in HEADS:
        manifest = json.loads((made / kind / "manifest.json").read_text("utf-8"))
        assert manifest["architecture"] == kind
        assert manifest["requires"] == {"encoder": bundle_id(made / ENCODER)}
        assert sum(len(data) for data in files_of(made / kind).values()) < MOST_BYTES_A_BUNDLE
    assert sum(len(data) for data in files_of(made).values()) < MOST_BYTES


def test_the_committed_bundles_are_those_that_the_command_writes(made: Path) -> None:
    assert list(files_of(made)) == list(files_of(COMMITTED))
    found, kept = (json.loads((folder / SERVED_FILE).read_text("utf-8")) for folder in (made, COMMITTED))
    for case, other in zip(found["cases"], kept["cases"], strict=True):
        assert [case[key] for key in ("name", "title", "png")] == [other[key] for key in ("name", "title", "png")]
        for kind in HEADS:
            for task, answer in case["answers"][kind].items():
                # Another processor may round differently.
                assert list(answer["chances"].values()) == pytest.approx(
                    list(other["answers"][kind][task]["chances"].values()), abs=TOLERANCE
                )


def test_every_head_tells_the_listings_apart(made: Path) -> None:
    served = json.loads((made / SERVED_FILE).read_text("utf-8"))
    for kind in HEADS:
        said = [[list(task["chances"].values()) for task in case["answers"][kind].values()] for case in served["cases"]]
        assert np.ptp(np.array(said), axis=0).max() > 10 * TOLERANCE, kind
