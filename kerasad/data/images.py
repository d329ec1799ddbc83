"""Image files to uint8 RGB arrays, and resizing."""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from kerasad.data.decoding import decode, to_8_bit
from kerasad.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
WHITE = (255, 255, 255, 255)


def read_image(path, size: int | None = None) -> np.ndarray:
    """One image file as RGB.

    Grey is repeated over the channels, transparent pixels show a white
    ground, 16-bit values are divided by 257, CMYK and palettes are
    converted, the EXIF rotation is applied, and of an animation the first
    frame counts.

    Args:
        path: a file with one of `SUFFIXES`.
        size: in pixels; resizes to a square of that side.

    Returns:
        uint8 array, `(height, width, 3)`.

    Raises:
        InputError: the file is missing, broken, not an image or too large.
    """
    image = to_rgb(decode(path), path)
    if size is not None:
        image = resized(image, (size, size))
    return np.asarray(image)


def resized(image: Image.Image, sides) -> Image.Image:
    """`image` with `sides`, `(height, width)`, by the triangle filter.

    Widened when shrinking: what `kerasad.layers.Resize` computes inside the
    graph, so what a detector is calibrated with and what it predicts from.
    """
    height, width = sides
    if image.size == (width, height):
        return image
    return image.resize((width, height), Image.Resampling.BILINEAR)


def read_mask(path, size: int | None = None) -> np.ndarray:
    """A ground-truth mask, bool `(height, width)`.

    Every value but 0 is defective, for some masks mark with 1 and others
    with 255: the soft border of a grey mask counts as defect.
    """
    mask = mask_values(path) > 0
    return mask if size is None else resized_mask(mask, size)


def mask_values(path) -> np.ndarray:
    """The values of a mask as they are in the file, `(height, width)`."""
    image = decode(path)
    if image.mode in ("P", "LA"):  # colours, not their numbers; no alpha
        image = image.convert("RGB")
    values = np.asarray(image)
    return values if values.ndim == 2 else values[..., :3].max(axis=-1)


def resized_mask(mask, size: int) -> np.ndarray:
    """A bool mask at `(size, size)`: a pixel half covered counts."""
    if mask.shape == (size, size):
        return mask
    shrunk = Image.fromarray(mask.astype("uint8") * 255)
    shrunk = shrunk.resize((size, size), Image.Resampling.BOX)
    return np.asarray(shrunk) >= 128


def to_rgb(image: Image.Image, path) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey; "I" is its 32-bit holder
        return Image.fromarray(to_8_bit(np.asarray(image))).convert("RGB")
    if image.mode == "F":
        values = np.asarray(image)
        if not (values.min() >= 0.0 and values.max() <= 1.0):
            raise InputError(
                f"{path}: floating-point pixels must lie in [0, 1]; save the "
                "image with 8 or 16 bits"
            )
        return Image.fromarray(np.uint8(np.rint(values * 255))).convert("RGB")
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, WHITE)
        ground.alpha_composite(image.convert("RGBA"))
        return ground.convert("RGB")
    return image.convert("RGB")


def load_images(paths, size: int, progress=None) -> np.ndarray:
    """Files as one uint8 array, `(n, size, size, 3)`.

    Memory stays near `n * size * size * 3` bytes: each file is read straight
    into its place.
    """
    images = np.empty((len(paths), size, size, 3), dtype="uint8")
    for index, path in enumerate(paths):
        images[index] = read_image(path, size)
        if progress is not None:
            progress(index + 1, len(paths))
    return images


def image_files(folder) -> list[Path]:
    """Image files directly in `folder`, sorted by name.

    Hidden files and folders are left out, whatever they are called; a broken
    link is not, for its reader to say so.
    """
    return sorted(
        path
        for path in Path(folder).iterdir()
        if path.suffix.lower() in SUFFIXES
        and not path.name.startswith(".")
        and not os.path.isdir(path)
    )
