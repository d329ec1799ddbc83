"""Image files to uint8 RGB arrays, and resizing."""

import numpy as np
from PIL import Image

from kerasad.data.decoding import decode, orientation, to_8_bit
from kerasad.errors import InputError
from kerasad.sides import sides_of
from kerasad.stored import gathered

WHITE = (255, 255, 255, 255)
# What turns raw pixels upright, by EXIF orientation that swaps the sides.
TURNS = {
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_image(path, size=None, page=0) -> np.ndarray:
    """One image file as RGB.

    Grey is repeated over the channels, transparent pixels show a white
    ground, 16-bit values are divided by 257, CMYK and palettes are
    converted, the EXIF rotation is applied, and of an animation the first
    frame counts.

    Args:
        path: a file with one of `kerasad.data.decoding.SUFFIXES`.
        size: in pixels, to resize to: a pair `(height, width)`, or one
            number for a square.
        page: int, counts the pages of a TIFF from 0.

    Returns:
        uint8 array, `(height, width, 3)`.

    Raises:
        InputError: the file is missing, broken, not an image or too large.
    """
    image = to_rgb(decode(path, page), path)
    if size is not None:
        image = resized(image, sides_of(size))
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


def read_mask(path, size=None) -> np.ndarray:
    """A ground-truth mask, bool `(height, width)`.

    Every value but 0 is defective, for some masks mark with 1 and others
    with 255: the soft border of a grey mask counts as defect.
    """
    mask = mask_values(path) > 0
    return mask if size is None else shrunk_mask(mask, size)[0]


def read_upright_mask(path, image_path, sides) -> np.ndarray:
    """The mask of an image that is `sides` high and wide when upright.

    Masks are drawn by programs that ignore the EXIF rotation: where that
    swaps the sides of the image alone, the mask is turned with it.
    """
    mask = read_mask(path)
    if mask.shape == sides or mask.shape != sides[::-1]:
        return mask
    turn = TURNS.get(orientation(image_path))
    if turn is None:
        return mask
    return np.asarray(Image.fromarray(mask).transpose(turn))


def mask_values(path) -> np.ndarray:
    """The values of a mask as they are in the file, `(height, width)`."""
    image = decode(path)
    if image.mode in ("P", "LA"):  # colours, not their numbers; no alpha
        image = image.convert("RGB")
    values = np.asarray(image)
    return values if values.ndim == 2 else values[..., :3].max(axis=-1)


def shrunk_mask(mask, size):
    """A bool mask at another size: a pixel half covered counts.

    Of a defect too small or too thin for that, the pixel that it covers most
    is kept.

    Returns:
        The mask, and how many defects were kept so.
    """
    from scipy import ndimage  # predicting needs no masks, and no SciPy

    sides = sides_of(size)
    if mask.shape == sides:
        return mask, 0
    shrunk = Image.fromarray(mask.astype("uint8") * 255)
    shrunk = shrunk.resize(sides[::-1], Image.Resampling.BOX)
    shrunk = np.asarray(shrunk) >= 128
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    if count == 0:
        return shrunk, 0
    rows, columns = (
        np.arange(whole) * side // whole
        for whole, side in zip(mask.shape, sides, strict=True)
    )  # where each pixel of the mask ends up
    where = rows[:, None] * sides[1] + columns
    kept = np.unique(labels[shrunk[rows[:, None], columns]])
    lost = np.setdiff1d(np.arange(1, count + 1), kept)
    for label in lost:
        covered = np.bincount(where[labels == label])
        shrunk[np.unravel_index(covered.argmax(), shrunk.shape)] = True
    return shrunk, len(lost)


def to_rgb(image: Image.Image, path) -> Image.Image:
    """8-bit RGB; 16 bits are scaled, transparency is laid on white."""
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


def load_images(samples, size, progress=None, look=None) -> np.ndarray:
    """Samples, or paths, as one uint8 array, `(n, height, width, 3)`.

    Memory stays near the bytes of that, as each file is read straight into
    its place; or below, where that is too much: see `gathered`.

    Args:
        samples: list of `kerasad.data.category.Sample` or of paths.
        size: as in `read_image`.
        progress: callable `(images read, images in all)`.
        look: callable that is shown each photo at its own size, uint8
            `(height, width, 3)`.
    """
    sides = sides_of(size)

    def read():
        for index, sample in enumerate(samples):
            path = getattr(sample, "path", sample)
            photo = to_rgb(decode(path, getattr(sample, "page", 0)), path)
            if look is not None:
                look(np.asarray(photo))
            yield np.asarray(resized(photo, sides))
            if progress is not None:
                progress(index + 1, len(samples))

    return gathered((len(samples), *sides, 3), read())
