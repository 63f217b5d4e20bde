import dataclasses
from pathlib import Path

import pytest
import torch
from conftest import TINY

from labelstream_training.catalogue import CatalogueError
from labelstream_training.compare.stored_head import fit_weights, read_stored_head, require_kind
from labelstream_training.heads import HEADS

COUNTS = [2, 3]


def store(path: Path, stored: object) -> Path:
    torch.save(stored, path)
    return path


def test_a_head_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    head = HEADS["clip-mlp"].make(TINY, COUNTS)
    path = store(tmp_path / "best.pt", {"head": "clip-mlp", "weights": head.state_dict()})
    name, weights = read_stored_head(path)
    again = HEADS[name].make(TINY, COUNTS)
    fit_weights(again, weights, path)
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in head.state_dict().items())


def test_another_kind_than_the_one_that_is_needed_is_refused(tmp_path: Path) -> None:
    path = store(tmp_path / "best.pt", {"head": "clip-mlp", "weights": HEADS["clip-mlp"].make(TINY, COUNTS).state_dict()})
    assert set(require_kind(path, "clip-mlp")) == set(HEADS["clip-mlp"].make(TINY, COUNTS).state_dict())
    with pytest.raises(CatalogueError, match="is a clip-mlp; a checkpoint holds a cma-clip"):
        require_kind(path, "cma-clip")


def test_what_is_no_head_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("no weights", "utf-8")
    wrong = {
        "cannot be read as a head": [tmp_path / "text.pt", tmp_path / "none.pt"],
        "is no head that `compare` has trained": [store(tmp_path / "list.pt", [1]), store(tmp_path / "run.pt", {"step": 1, "weights": {}})],
        "is a resnet; known are cma-clip": [store(tmp_path / "resnet.pt", {"head": "resnet", "weights": {}})],
    }
    for words, paths in wrong.items():
        for path in paths:
            with pytest.raises(CatalogueError, match=words) as found:
                read_stored_head(path)
            assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "other",
    [
        HEADS["clip-mlp"].make(dataclasses.replace(TINY, width=24), COUNTS),
        HEADS["clip-mlp"].make(TINY, [2, 4]),
        HEADS["mmbt"].make(TINY, COUNTS),
    ],
    ids=["towers of another width", "other labels", "another kind"],
)
def test_weights_of_another_architecture_are_refused_in_one_sentence(other: torch.nn.Module) -> None:
    with pytest.raises(CatalogueError, match=r"best.pt is of another architecture than these tokens ask for: \S") as found:
        fit_weights(HEADS["clip-mlp"].make(TINY, COUNTS), other.state_dict(), Path("best.pt"))
    assert "\n" not in str(found.value)
