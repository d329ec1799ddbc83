"""Sources of foreign texture for the patches of `kerasad.data.corruption`."""

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from kerasad.data.decoding import (
    SUFFIXES,
    check_pixels,
    check_regular,
    pixel_limit,
)
from kerasad.data.procedural_textures import procedural_textures
from kerasad.errors import InputError


class TextureBank:
    """Hands out random crops of a list of texture images.

    Args:
        images: list of uint8 arrays, each `(height, width, 3)`, of any size.

    Example:

    >>> bank = TextureBank([np.full((32, 32, 3), 255, "uint8")])
    >>> crop = bank.sample(np.random.default_rng(0), 8, 16)
    >>> crop.shape, crop.dtype, float(crop.min())
    ((8, 16, 3), dtype('float32'), 1.0)
    """

    def __init__(self, images):
        if len(images) == 0:
            raise ValueError(
                "Argument `images` must hold at least one texture. "
                "Received: an empty list"
            )
        for image in images:
            if image.dtype != np.uint8 or image.ndim != 3:
                raise ValueError(
                    "Argument `images` must hold uint8 arrays of shape "
                    "`(height, width, 3)`. Received: "
                    f"dtype={image.dtype}, shape={image.shape}"
                )
        self.images = list(images)

    def __len__(self):
        return len(self.images)

    def fingerprint(self) -> str:
        """SHA-256 of the pixels of all textures, in their order."""
        digest = hashlib.sha256()
        for image in self.images:
            digest.update(f"{image.shape}".encode())
            digest.update(np.ascontiguousarray(image))
        return digest.hexdigest()

    def sample(self, rng, height, width):
        """A random crop, flipped and turned by multiples of 90 degrees.

        A texture smaller than the crop is scaled up. Returns a float32 array
        of shape `(height, width, 3)` in `[0, 1]`.
        """
        texture = self.images[rng.integers(len(self.images))]
        flip_rows, flip_columns, swap = rng.random(3) < 0.5
        if swap:
            height, width = width, height
        texture = _at_least(texture, height, width)
        top = rng.integers(texture.shape[0] - height + 1)
        left = rng.integers(texture.shape[1] - width + 1)
        crop = texture[top : top + height, left : left + width]
        crop = np.multiply(crop, np.float32(1 / 255), dtype="float32")
        if flip_rows:
            crop = crop[::-1]
        if flip_columns:
            crop = crop[:, ::-1]
        return crop.swapaxes(0, 1) if swap else crop


def textures_from_folder(folder, size=256, limit=400):
    """Read a `TextureBank` from the images in `folder` and below.

    Args:
        folder: path, such as the `images` folder of the Describable Textures
            Dataset (DTD).
        size: int, in pixels. The shorter side of each image is scaled to it.
        limit: int. At most this many images, evenly spaced in the sorted
            list of files. 400 of them need about 100 MB at 256 pixels.

    Raises:
        InputError: the folder is missing, has no image, or one is unreadable.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(
            f"Texture folder {folder} is not a folder: give one that holds "
            "images, or leave it out to use the built-in textures"
        )
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not path.name.startswith(".")
        and not path.is_dir()
    )
    if not paths:
        raise InputError(
            f"Texture folder {folder} holds no image: put files with one of "
            f"the endings {' '.join(SUFFIXES)} into it or below it"
        )
    if len(paths) > limit:
        chosen = np.linspace(0, len(paths) - 1, limit).round().astype(int)
        paths = [paths[i] for i in chosen]
    return TextureBank([_read(path, size) for path in paths])


def builtin_textures(seed=0, size=256):
    """A `TextureBank` without any file: textures drawn from `seed`.

    All are `size` pixels wide and high.
    """
    return TextureBank(procedural_textures(np.random.default_rng(seed), size))


def _read(path, size):
    check_regular(path)
    try:
        with Image.open(path) as image:
            check_pixels(path, *image.size, pixel_limit())
            image.draft("RGB", (size, size))  # JPEG: decodes a smaller copy
            image = image.convert("RGB")
    except InputError:
        raise
    except Exception as error:  # Pillow's plugins raise almost anything
        raise InputError(
            f"Texture {path} cannot be read as an image: mend or remove it"
        ) from error
    scale = size / min(image.size)
    shape = [max(size, round(side * scale)) for side in image.size]
    return np.asarray(image.resize(shape, Image.Resampling.BICUBIC))


def _at_least(texture, height, width):
    rows, columns = texture.shape[:2]
    scale = max(height / rows, width / columns)
    if scale <= 1:
        return texture
    shape = (
        max(width, round(columns * scale)),
        max(height, round(rows * scale)),
    )
    image = Image.fromarray(texture)
    return np.asarray(image.resize(shape, Image.Resampling.BICUBIC))
