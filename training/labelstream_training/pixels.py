"""The one definition of preprocessing on the Python side: encoded image bytes → uint8 pixels of the model's size.

libvips does the work on both sides (pyvips here, sharp in the services), so decoder, colour and resampler are the same.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyvips

from .catalogue import Listing

PREPROCESS_VERSION = "contain-lanczos3-white-1"
WHITE = [255, 255, 255]


def decode(data: bytes) -> pyvips.Image:
    """Encoded bytes → 8-bit sRGB, upright, without alpha. Raises `pyvips.Error` where that cannot be done."""
    image = to_srgb(pyvips.Image.new_from_buffer(data, "").autorot())
    if image.hasalpha():
        image = image.flatten(background=WHITE)
    return image.cast("uchar")


def to_srgb(image: pyvips.Image) -> pyvips.Image:
    """Colour as the services' sharp does it: an embedded profile counts, CMYK without one gets the built-in profile."""
    has_profile = image.get_typeof("icc-profile-data") != 0
    if has_profile and image.interpretation not in ("labs", "grey16"):
        image = image.icc_transform("srgb", embedded=True, intent="perceptual")
    elif image.interpretation == "cmyk":
        image = image.icc_transform("srgb", input_profile="cmyk", intent="perceptual")
    return image.colourspace("srgb")


def inner_size(image_width: int, image_height: int, width: int, height: int) -> tuple[int, int]:
    """Size in pixels of an image scaled to fit inside `width` × `height`; halves round up, as in sharp."""
    factor = max(image_width / width, image_height / height)
    return max(1, math.floor(image_width / factor + 0.5)), max(1, math.floor(image_height / factor + 0.5))


def contain(image: pyvips.Image, width: int, height: int) -> pyvips.Image:
    """Scales to fit inside `width` × `height` pixels and centres on white; an image that fits exactly is untouched."""
    inner_width, inner_height = inner_size(image.width, image.height, width, height)
    if (inner_width, inner_height) != (image.width, image.height):
        image = image.resize(inner_width / image.width, vscale=inner_height / image.height, kernel="lanczos3")
    left, top = (width - image.width) // 2, (height - image.height) // 2
    return image.embed(left, top, width, height, extend="background", background=WHITE)


def preprocess(data: bytes, width: int, height: int) -> np.ndarray:
    """Encoded bytes → uint8 [height, width, 3]."""
    return contain(decode(data), width, height).numpy()


def read_members(folder: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """(id, encoded bytes) of the wanted images in a folder's `images.tar`, in archive order."""
    path = folder / "images.tar"
    if not path.is_file():
        return
    with tarfile.open(path) as archive:
        for member in archive:
            name = Path(member.name).stem
            file = archive.extractfile(member) if name in wanted else None
            if file is not None:
                yield name, file.read()


class PixelStore:
    """Pixels of many listings, decoded once into a memory-mapped file: uint8 [N, height, width, 3] and flags [N]."""

    def __init__(self, pixels: np.ndarray, present: np.ndarray) -> None:
        self.pixels = pixels
        self.present = present


def open_pixels(listings: Sequence[Listing], width: int, height: int, cache: Path) -> PixelStore:
    """Pixels of `listings` in their order, from the cache folder where they were decoded before."""
    key = hashlib.sha256(json.dumps([PREPROCESS_VERSION, width, height, [source_key(item) for item in listings]]).encode()).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    pixel_path, present_path = cache / f"{key}.pixels.npy", cache / f"{key}.present.npy"
    if not present_path.is_file():
        decode_all(listings, width, height, pixel_path, present_path)
    return PixelStore(np.load(pixel_path, mmap_mode="r"), np.load(present_path))


def source_key(listing: Listing) -> list:
    """What identifies a listing's picture in the cache."""
    path = listing.folder / "images.tar"
    size_bytes = path.stat().st_size if path.is_file() else 0
    return [str(listing.folder.resolve()), size_bytes, listing.id]


def decode_all(listings: Sequence[Listing], width: int, height: int, pixel_path: Path, present_path: Path) -> None:
    """Writes the cache files; the flags come last, so a half-written cache is never used."""
    partial = pixel_path.with_suffix(".partial")
    shape = (len(listings), height, width, 3)
    pixels = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
    present = np.zeros(len(listings), dtype=bool)
    place = {(item.folder, item.id): index for index, item in enumerate(listings)}
    for folder in dict.fromkeys(item.folder for item in listings):
        wanted = {item.id for item in listings if item.folder == folder}
        for name, data in read_members(folder, wanted):
            index = place[(folder, name)]
            try:
                pixels[index] = preprocess(data, width, height)
                present[index] = True
            except pyvips.Error:
                continue
    pixels.flush()
    os.replace(partial, pixel_path)
    np.save(present_path, present)
