"""Image files to uint8 RGB arrays, and resizing."""

import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from kerasad.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
WHITE = (255, 255, 255, 255)

# A 100-megapixel camera is the largest in common use; a file that claims more
# is refused before it is decoded. KERASAD_MAX_PIXELS raises the limit.
MAX_PIXELS = 100_000_000


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
    """A ground-truth mask, bool `(height, width)`; non-zero is defective."""
    mask = np.asarray(decode(path))
    if mask.ndim == 3:
        mask = mask[..., :3].max(axis=-1)
    mask = mask > 0
    if size is not None and mask.shape != (size, size):
        shrunk = Image.fromarray(mask.astype("uint8") * 255)
        shrunk = shrunk.resize((size, size), Image.Resampling.BOX)
        mask = np.asarray(shrunk) >= 128
    return mask


def decode(path) -> Image.Image:
    """A fully read Pillow image, upright."""
    limit = int(os.environ.get("KERASAD_MAX_PIXELS", MAX_PIXELS))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # EXIF quirks, bombs: checked here
            with Image.open(path) as image:
                width, height = image.size
                if width * height > limit:
                    raise InputError(
                        f"{path}: {width} x {height} pixels are more than the "
                        f"{limit} allowed; set KERASAD_MAX_PIXELS to raise it"
                    )
                image.load()
                return ImageOps.exif_transpose(image)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except InputError:
        raise
    except Exception as error:  # Pillow's plugins raise almost anything
        if str(path).lower().endswith((".tif", ".tiff")):
            return decode_tiff(path, limit)
        raise unreadable(path, error) from error


def decode_tiff(path, limit) -> Image.Image:
    """TIFF flavours that Pillow lacks, such as 16-bit RGB."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            if np.prod(tiff.pages[0].shape[:2], dtype=float) > limit:
                raise InputError(
                    f"{path}: more than the {limit} pixels allowed; set "
                    "KERASAD_MAX_PIXELS to raise it"
                )
            array = tiff.pages[0].asarray()
    except InputError:
        raise
    except Exception as error:
        raise unreadable(path, error) from error
    if array.dtype == np.uint16:
        array = to_8_bit(array)
    if array.dtype != np.uint8 or array.ndim not in (2, 3):
        raise InputError(
            f"{path}: must hold 8- or 16-bit grey or RGB pixels. "
            f"Received: {array.dtype} of shape {array.shape}"
        )
    return Image.fromarray(array)


def unreadable(path, error) -> InputError:
    reason = " ".join(str(error).split()).replace(str(path), "file")
    return InputError(
        f"{path}: not a readable image ({reason}); expected "
        "PNG, JPEG, BMP, TIFF or WebP"
    )


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


def to_8_bit(values: np.ndarray) -> np.ndarray:
    """16-bit values to uint8, so that 65535 becomes 255."""
    clipped = np.clip(values, 0, 65535).astype("uint32")
    return ((clipped + 128) // 257).astype("uint8")


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
    """Image files directly in `folder`, sorted by name."""
    return sorted(
        path
        for path in Path(folder).iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )
