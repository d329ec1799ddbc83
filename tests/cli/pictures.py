"""Image files of every kind, good and bad, made by small functions."""

import os
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image

from kerasad.capsules import draw_capsule

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (40, 60, 3), dtype="uint8")
GREY = PICTURE[..., 0].copy()


def saved(pixels=PICTURE, mode=None, **options):
    """A function that saves the pixels to a path."""

    def make(path):
        image = Image.fromarray(pixels)
        if mode is not None:
            image = image.convert(mode)
        image.save(path, **options)

    return make


def tiff(pixels, **options):
    return lambda path: tifffile.imwrite(path, pixels, **options)


def bytes_of(content):
    return lambda path: path.write_bytes(content)


def cut(path):
    saved()(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def png(width, height, pixels=b""):
    """A PNG of 8-bit grey that claims these sides."""

    def chunk(kind, data):
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return bytes_of(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(pixels))
        + chunk(b"IEND", b"")
    )


def linked(target):
    return lambda path: path.symlink_to(target)


def pipe(path):
    os.mkfifo(path)


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(exif=exif)


def frames(*pixels, **options):
    def make(path):
        first, *others = (Image.fromarray(frame) for frame in pixels)
        first.save(path, save_all=True, append_images=others, **options)

    return make


def with_alpha(pixels, alpha):
    return np.dstack([pixels, np.full(pixels.shape[:2], alpha, "uint8")])


def with_value(value, dtype="float32"):
    pixels = np.full((8, 8), 0.5, dtype)
    pixels[0, 0] = value
    return pixels


def archive_of(folder, count, days):
    """Many photos in so many folders, a broken one, a TIFF of three pages."""
    rng = np.random.default_rng(3)
    images = [Image.fromarray(draw_capsule(rng, 32)[0]) for _ in range(4)]
    images[0].save(folder / "p.tif", save_all=True, append_images=images[1:3])
    for index in range(count):
        place = folder / f"day{index % days}"
        place.mkdir(exist_ok=True)
        images[index % 4].copy().save(place / f"{index:04d}.png")
    (folder / "broken.png").write_bytes(b"nothing")
    return folder
