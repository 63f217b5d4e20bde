"""Small drawn pictures in awkward encodings, inputs of the preprocessing golden vectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyvips


def draw(width: int, height: int) -> np.ndarray:
    """uint8 [height, width, 3]: a disc and a bar on a two-way colour ramp, so that every rotation and crop shows."""
    down, across = np.mgrid[0:height, 0:width].astype(np.float64)
    down, across = down / max(1, height - 1), across / max(1, width - 1)
    picture = np.stack([255 * across, 255 * down, 255 * (1 - across)], axis=2)
    picture[(across - 0.3) ** 2 + (down - 0.35) ** 2 < 0.04] = (230, 40, 60)
    picture[(np.abs(across - 0.75) < 0.08) & (down > 0.5)] = (20, 90, 40)
    return picture.round().astype(np.uint8)


def image_of(pixels: np.ndarray) -> pyvips.Image:
    """numpy [h, w, bands] → sRGB image."""
    interpretation = "b-w" if pixels.shape[2] < 3 else "srgb"
    return pyvips.Image.new_from_array(pixels, interpretation=interpretation).copy(interpretation=interpretation)


def png(pixels: np.ndarray) -> bytes:
    """8-bit PNG."""
    return image_of(pixels).write_to_buffer(".png")


def with_alpha(width: int, height: int) -> np.ndarray:
    """RGBA whose opacity falls from left to right."""
    ramp = np.tile(np.linspace(255, 0, width).round().astype(np.uint8)[None, :, None], (height, 1, 1))
    return np.concatenate([draw(width, height), ramp], axis=2)


def rotated_jpeg(width: int, height: int, orientation: int) -> bytes:
    """JPEG with an EXIF orientation."""
    image = image_of(draw(width, height)).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    return image.write_to_buffer(".jpg[Q=95]")


def cmyk_jpeg(width: int, height: int) -> bytes:
    """CMYK JPEG without an embedded profile."""
    ink = 255 - draw(width, height)
    black = ink.min(axis=2, keepdims=True)
    image = pyvips.Image.new_from_array(np.concatenate([ink - black, black], axis=2)).copy(interpretation="cmyk")
    return image.write_to_buffer(".jpg[Q=95,keep=none]")


def sixteen_bit_png(width: int, height: int) -> bytes:
    """16 bits a channel."""
    wide = draw(width, height).astype(np.uint16) * 257
    return pyvips.Image.new_from_array(wide).copy(interpretation="rgb16").write_to_buffer(".png")


def grey(width: int, height: int) -> np.ndarray:
    """One channel."""
    return draw(width, height).mean(axis=2, keepdims=True).round().astype(np.uint8)


# Name → (encoded bytes, largest difference of a channel value that two builds of libvips may have).
DRAWINGS: dict[str, tuple[Callable[[], bytes], int]] = {
    "png that fits exactly": (lambda: png(draw(60, 80)), 0),
    "png of another shape, wide": (lambda: png(draw(90, 40)), 1),
    "png of another shape, tall": (lambda: png(draw(31, 117)), 1),
    "png smaller than the model's size": (lambda: png(draw(11, 14)), 1),
    "png of one pixel": (lambda: png(draw(1, 1)), 1),
    "png with alpha": (lambda: png(with_alpha(45, 60)), 1),
    "png, grey": (lambda: png(grey(50, 50)), 1),
    "png, grey with alpha": (lambda: png(np.concatenate([grey(40, 60), with_alpha(40, 60)[:, :, 3:]], axis=2)), 1),
    "png, 16 bits": (lambda: sixteen_bit_png(48, 64), 1),
    "jpeg that fits exactly": (lambda: image_of(draw(60, 80)).write_to_buffer(".jpg[Q=90]"), 2),
    "jpeg three times too large": (lambda: image_of(draw(200, 260)).write_to_buffer(".jpg[Q=90]"), 2),
    "jpeg, grey": (lambda: image_of(grey(60, 80)).write_to_buffer(".jpg[Q=90]"), 2),
    "jpeg, EXIF turned by 90 degrees": (lambda: rotated_jpeg(80, 60, 6), 2),
    "jpeg, EXIF mirrored": (lambda: rotated_jpeg(60, 80, 2), 2),
    "jpeg, EXIF turned by 180 degrees": (lambda: rotated_jpeg(70, 50, 3), 2),
    "jpeg, CMYK": (lambda: cmyk_jpeg(60, 80), 3),
    "webp with alpha": (lambda: image_of(with_alpha(45, 60)).write_to_buffer(".webp[lossless=true]"), 1),
}
