from pathlib import Path

import numpy as np
import pytest

from labelstream_training.catalogue import CatalogueError
from labelstream_training.public_sets.fashion_gen import FILES, read_rows

h5py = pytest.importorskip("h5py")
TEXTS = ("input_productID", "input_category", "input_subcategory", "input_name", "input_description")


def write_file(path: Path, rows: int, first_product: int = 0, leave_out: str = "") -> None:
    """As published: a data set per column, texts as single byte strings, pictures as arrays; two pictures of each product."""
    random = np.random.default_rng(rows)
    with h5py.File(path, "w") as file:
        file["index"] = np.arange(rows)[:, None]
        file["input_image"] = random.integers(0, 256, (rows, 16, 16, 3), dtype=np.uint8)
        products = [str(first_product + row // 2) for row in range(rows)]
        columns = {
            "input_productID": products,
            "input_category": ["JACKETS & COATS" if row % 3 else "JEANS" for row in range(rows)],
            "input_subcategory": ["PARKAS" if row % 3 else "JEANS" for row in range(rows)],
            "input_name": [f"Product {row}" for row in range(rows)],
            "input_description": ["" if row == 1 else f"Crème wool, no. {row}" for row in range(rows)],
        }
        for name, values in columns.items():
            if name != leave_out:
                file[name] = np.array([[value.encode("latin-1")] for value in values], dtype="S100")


def write_set(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / FILES["train"], 80, first_product=40)
    write_file(folder / FILES["test"], 6, first_product=1000)
    return folder


def test_rows_carry_both_categories_and_the_description(tmp_path: Path) -> None:
    rows = list(read_rows(write_set(tmp_path)))
    assert len(rows) == 86 and len({row.id for row in rows}) == 86
    assert rows[2].labels == {"category": "JACKETS & COATS", "subCategory": "PARKAS"}
    assert (rows[2].title, rows[2].description) == ("", "Crème wool, no. 2")
    assert (rows[1].title, rows[1].description) == ("Product 1", "")
    assert rows[2].picture()[:2] == b"\xff\xd8"


def test_validation_rows_are_measured_on_and_whole_products_held_out(tmp_path: Path) -> None:
    rows = list(read_rows(write_set(tmp_path)))
    assert [row.split for row in rows[80:]] == ["test"] * 6
    splits = [row.split for row in rows[:80]]
    assert splits[::2] == splits[1::2]
    assert 0 < splits.count("val") < 20


@pytest.mark.parametrize("column", ["input_image", *TEXTS])
def test_a_missing_column_is_named(column: str, tmp_path: Path) -> None:
    write_set(tmp_path)
    with h5py.File(tmp_path / FILES["test"], "a") as file:
        del file[column]
    with pytest.raises(CatalogueError, match=f"validation.h5 lacks {column}"):
        list(read_rows(tmp_path))


def test_wrong_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"train.h5 does not exist: Fashion-Gen is published as"):
        list(read_rows(tmp_path))
    write_set(tmp_path)
    with h5py.File(tmp_path / FILES["test"], "a") as file:
        del file["input_image"]
        file["input_image"] = np.zeros((6, 16, 16), np.uint8)
    with pytest.raises(CatalogueError, match=r"input_image is uint8 \(6, 16, 16\) instead of"):
        list(read_rows(tmp_path))
    (tmp_path / FILES["train"]).write_bytes(b"no HDF5")
    with pytest.raises(CatalogueError, match=r"is no HDF5 file"):
        list(read_rows(tmp_path))
