from pathlib import Path

import numpy as np
import pytest
import torch

from labelstream_training.catalogue import CatalogueError, Listing, read_catalogue
from labelstream_training.checkpoint import NEWEST, restore_system
from labelstream_training.cli import main
from labelstream_training.compare.token_cache import build_tokens, misnaming_titles
from labelstream_training.compare.token_set import open_tokens
from labelstream_training.config import model_config_from_dict
from labelstream_training.dataset import build_dataset, take
from labelstream_training.tokenise import load_tokenizer


@pytest.fixture(scope="module")
def token_folder(run_folder: Path, data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokens") / "tokens"
    common = ["--data", str(data_folder), "--run", str(run_folder)]
    assert main(["tokens", *common, "--out", str(folder), "--augmented", "1", "--threads", "1"]) == 0
    return folder


def test_the_plain_views_are_what_the_towers_return(token_folder: Path, run_folder: Path, data_folder: Path) -> None:
    system, checkpoint = restore_system(run_folder / NEWEST)
    tokenizer = load_tokenizer(run_folder / "tokenizer.json")
    rows = [item for item in read_catalogue([data_folder]) if item.split == "val"]
    config = model_config_from_dict(checkpoint.settings["model"])
    data = build_dataset(rows, checkpoint.settings["labels"], tokenizer, config, run_folder / "cache")
    batch = take(data, np.arange(len(rows)))
    tokens = open_tokens(token_folder)
    with torch.no_grad():
        image, embedding = system.image(batch.pixels)
        text, _ = system.text(batch.ids, batch.mask)
    plain = tokens.val.images["plain"]
    assert torch.allclose(torch.from_numpy(plain.tokens.astype(np.float32)), image, atol=4e-3)
    assert torch.allclose(plain.embedding, embedding, atol=1e-4)
    found = torch.from_numpy(tokens.val.texts["plain"].tokens.astype(np.float32))
    real = (torch.arange(found.shape[1])[None] < tokens.val.texts["plain"].lengths[:, None])[:, :, None]
    assert torch.allclose(found * real, text * real, atol=4e-3)
    assert torch.equal(tokens.val.labels, data.labels)
    assert tokens.scale == pytest.approx(system.logit_scale.exp().item())


def test_each_split_has_its_views_and_flags(token_folder: Path) -> None:
    tokens = open_tokens(token_folder)
    assert list(tokens.train.images) == ["augmented1"] and tokens.train.train_views == ["augmented1"]
    assert set(tokens.train.texts) == {"plain", "withoutLabelWords", "fewWords"}
    assert tokens.train.named.shape == tokens.train.labels.shape and tokens.train.named.any()
    assert set(tokens.val.images) == {"plain", "blurred"} and set(tokens.val.texts) == {"plain", "withoutLabelWords", "typos"}
    # The first row has no picture.
    assert tokens.train.has_image.tolist() == [0.0] + [1.0] * 31
    assert (tokens.val.texts["withoutLabelWords"].lengths < tokens.val.texts["plain"].lengths).all()


def test_a_build_goes_on_where_it_was_stopped_and_refuses_other_rows(token_folder: Path, run_folder: Path, data_folder: Path) -> None:
    listings = read_catalogue([data_folder])
    tokenizer = load_tokenizer(run_folder / "tokenizer.json")
    path = token_folder / "val" / "image.blurred.npy"
    before, kept = path.read_bytes(), (token_folder / "val" / "image.plain.npy").stat().st_mtime_ns
    path.unlink()
    written: list[str] = []
    build_tokens(run_folder / NEWEST, tokenizer, listings, run_folder / "cache", token_folder, 1, written.append)
    assert written == ["val/image.blurred"]
    assert path.read_bytes() == before
    assert (token_folder / "val" / "image.plain.npy").stat().st_mtime_ns == kept
    with pytest.raises(CatalogueError, match="other rows"):
        build_tokens(run_folder / NEWEST, tokenizer, listings[:-1], run_folder / "cache", token_folder, 1, written.append)


def test_a_folder_without_tokens_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="holds no tokens"):
        open_tokens(tmp_path)


def test_a_title_misnames_only_what_is_left_of_it() -> None:
    labels = {"colour": ["Black", "White"], "type": ["Shoes", "Shirts"]}

    def listing(text: str) -> Listing:
        return Listing(folder=Path(), id="1", text=text, labels={"colour": "White", "type": "Shoes"}, split="train")

    titles = ["White shoes", "White shoes with black sole", "Shoes, shirt not included"]
    assert misnaming_titles([listing(title) for title in titles], labels).tolist() == [[False, False], [True, False], [False, True]]
