"""Fashion-Gen (arXiv 1806.08317): two HDF5 files of 256 × 256 pictures with what the shop says about each.

Each column is a data set of its own; texts are single-element byte strings. The test rows were never published, so papers report on the
validation file; its rows are "test" here, and every twentieth product of the train file is held out for choices. The text is
the description, which does not name the category as the product name does; papers classify `category` and `subCategory`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..catalogue import CatalogueError
from .row import Row, held_out, require

TASKS = ("category", "subCategory")
FILES = {"train": "fashiongen_256_256_train.h5", "test": "fashiongen_256_256_validation.h5"}
COLUMNS = ("input_image", "input_productID", "input_category", "input_subcategory", "input_name", "input_description")
# The pictures were JPEG before they became arrays; at this quality a second time hardly shows.
JPEG_OPTIONS = ".jpg[Q=95]"


def open_file(path: Path) -> object:
    """An HDF5 file with the published columns. Raises CatalogueError."""
    try:
        import h5py  # noqa: PLC0415 - only this set needs it
    except ModuleNotFoundError as error:
        raise CatalogueError("Fashion-Gen needs h5py: pip install 'labelstream-training[public-sets]'") from error
    require(path, "Fashion-Gen is published as fashiongen_256_256_train.h5 and fashiongen_256_256_validation.h5")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise CatalogueError(f"{path} is no HDF5 file: {error}") from error
    missing = [name for name in COLUMNS if name not in file]
    if missing:
        raise CatalogueError(f"{path} lacks {', '.join(missing)}")
    lengths = {name: len(file[name]) for name in COLUMNS}
    if len(set(lengths.values())) > 1:
        raise CatalogueError(f"{path} has columns of different lengths: {lengths}")
    images = file["input_image"]
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8:
        raise CatalogueError(f"{path}: input_image is {images.dtype} {images.shape} instead of uint8 (rows, height, width, 3)")
    return file


def text_of(value: object) -> str:
    """A cell, whether an array of one or bare; the published files mix UTF-8 and Latin-1."""
    cell = np.asarray(value).reshape(-1)[0]
    if not isinstance(cell, bytes):
        return str(cell).strip()
    try:
        return cell.decode("utf-8").strip()
    except UnicodeDecodeError:
        return cell.decode("latin-1").strip()


def jpeg_of(pixels: np.ndarray) -> bytes:
    """uint8 [height, width, 3] → encoded."""
    import pyvips  # noqa: PLC0415 - reading a table needs no libvips

    return pyvips.Image.new_from_array(pixels, interpretation="srgb").write_to_buffer(JPEG_OPTIONS)


def read_rows(data: Path) -> Iterator[Row]:
    """Rows of both files, in their order. Raises CatalogueError."""
    files = {split: open_file(data / name) for split, name in FILES.items()}
    for split, file in files.items():
        images = file["input_image"]
        for index in range(len(images)):
            product, category, sub_category, name, description = (text_of(file[column][index]) for column in COLUMNS[1:])
            yield Row(
                id=f"{split}-{index}",
                title="" if description else name,
                description=description,
                labels={"category": category, "subCategory": sub_category},
                # By product: its pictures from several sides share one text, which must not be on both sides.
                split=held_out(product) if split == "train" else split,
                picture=lambda images=images, index=index: jpeg_of(images[index]),
                where=f"{data / FILES[split]}, row {index}",
            )
