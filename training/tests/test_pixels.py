from pathlib import Path

import numpy as np
import pytest
import pyvips

from labelstream_training.catalogue import read_folder
from labelstream_training.drawings import cmyk_jpeg, draw, png, rotated_jpeg, sixteen_bit_png, with_alpha
from labelstream_training.pixels import inner_size, open_pixels, preprocess


def test_an_image_of_the_right_size_is_untouched() -> None:
    assert np.array_equal(preprocess(png(draw(60, 80)), 60, 80), draw(60, 80))


def test_other_shapes_are_centred_on_white() -> None:
    pixels = preprocess(png(np.zeros((20, 60, 3), dtype=np.uint8)), 60, 80)
    assert (pixels[:30] == 255).all() and (pixels[50:] == 255).all()
    assert (pixels[30:50] == 0).all()


def test_halves_round_up_and_nothing_vanishes() -> None:
    assert inner_size(80, 1, 60, 80) == (60, 1)
    assert inner_size(1000, 1, 60, 80) == (60, 1)
    assert inner_size(24, 3, 20, 32) == (20, 3)


def test_exif_orientation_is_applied() -> None:
    turned = preprocess(rotated_jpeg(80, 60, 6), 60, 80).astype(int)
    expected = np.rot90(draw(80, 60), -1).astype(int)
    assert np.abs(turned - expected).mean() < 6


def test_alpha_is_flattened_on_white() -> None:
    pixels = preprocess(png(with_alpha(60, 80)), 60, 80)
    assert np.array_equal(pixels[:, -1], np.full((80, 3), 255))
    assert np.array_equal(pixels[:, 0], draw(60, 80)[:, 0])


@pytest.mark.parametrize("data", [sixteen_bit_png(60, 80), cmyk_jpeg(60, 80)], ids=["16 bits", "CMYK"])
def test_unusual_encodings_become_8_bit_rgb(data: bytes) -> None:
    pixels = preprocess(data, 60, 80)
    assert pixels.dtype == np.uint8 and pixels.shape == (80, 60, 3)
    assert np.abs(pixels.astype(int) - draw(60, 80).astype(int)).mean() < 40


@pytest.mark.parametrize("data", [b"", b"<html></html>", png(draw(60, 80))[:200]], ids=["empty", "html", "truncated"])
def test_what_is_no_image_raises(data: bytes) -> None:
    with pytest.raises(pyvips.Error):
        preprocess(data, 60, 80)


def test_pixels_are_decoded_once_and_a_missing_picture_is_flagged(data_folder: Path, tmp_path: Path) -> None:
    listings = read_folder(data_folder)
    first = open_pixels(listings, 24, 32, tmp_path)
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = open_pixels(listings, 24, 32, tmp_path)
    assert times == {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert np.array_equal(first.pixels, again.pixels)
    assert not first.present[0] and first.present[1:].all()
