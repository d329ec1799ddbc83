"""Image files to Pillow images, with a limit on pixels."""

import os
import re
import stat
import warnings

import numpy as np
from PIL import ExifTags, Image, ImageOps

from kerasad.errors import InputError

Image.init()
# Stubs without a decoder, icons, films, and what starts another program.
NO_PHOTOS = set(
    "BUFR CUR EPS FLI GBR GRIB HDF5 ICNS ICO IPTC MPEG WMF XBM XPM".split()
)
FORMATS = [name for name in Image.OPEN if name not in NO_PHOTOS]
SUFFIXES = tuple(
    suffix
    for suffix, name in Image.registered_extensions().items()
    if name in FORMATS
)
# A 100-megapixel camera is the largest in common use; a file that claims more
# is refused before it is decoded. KERASAD_MAX_PIXELS raises the limit.
MAX_PIXELS = 100_000_000


def decode(path, page=0, upright=True, file=None) -> Image.Image:
    """A fully read Pillow image, turned as its EXIF rotation says.

    Args:
        path: a file.
        page: int, counts the pages of a TIFF from 0.
        upright: bool. Whether to turn it.
        file: an open binary file to read instead; `path` is its name.
    """
    limit = pixel_limit()
    if file is None:
        check_regular(path)
    if Image.MAX_IMAGE_PIXELS and limit > 2 * Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = limit  # Pillow's own, where ours is raised
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # EXIF quirks, bombs: checked here
            with Image.open(file or path, formats=FORMATS) as image:
                if page:
                    image.seek(page)
                check_pixels(path, *image.size, limit)
                image.load()
                if image.format == "BMP" and is_unset(image):
                    return image.convert("RGB")
                return ImageOps.exif_transpose(image) if upright else image
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise too_large(path, "its", limit) from error
    except Exception as error:  # Pillow's plugins raise almost anything
        if is_tiff(path, file):
            return decode_tiff(path, limit, page, file)
        raise unreadable(path, error) from error


def is_unset(image) -> bool:
    """Whether an alpha channel is there, and 0 all over: the fourth byte of
    a BMP's pixel is padding to most cameras."""
    return image.mode == "RGBA" and image.getextrema()[3] == (0, 0)


def orientation(path) -> int:
    """The EXIF rotation of a file, 1 for none."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            found = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # a TIFF that Pillow lacks; `decode` turns none of them
        return 1
    return found if found in range(1, 9) else 1


def pixel_limit() -> int:
    """Most pixels an image may have; `KERASAD_MAX_PIXELS` if it is set."""
    text = os.environ.get("KERASAD_MAX_PIXELS", str(MAX_PIXELS))
    if not text.isdecimal() or int(text) == 0:
        raise InputError(
            "KERASAD_MAX_PIXELS must be a whole number of pixels, such as "
            f"{MAX_PIXELS}. Received: {text!r}"
        )
    return int(text)


def check_regular(path):
    """Refuses what opening would wait for, or what is not there."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError as error:
        if os.path.islink(path):
            raise InputError(
                f"{path}: a broken link: no such file {os.readlink(path)}"
            ) from error
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # a zero byte in the name
        raise InputError(f"{path}: no such file") from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
        raise InputError(f"{path}: is {kind}; expected an image file")


def check_pixels(path, width, height, limit):
    """Refuses an image of more pixels, with `InputError`."""
    if width * height > limit:
        raise too_large(path, f"{width} x {height}", limit)


def too_large(path, pixels, limit) -> InputError:
    """The error, not raised; `pixels` is their number as text."""
    return InputError(
        f"{path}: {pixels} pixels are more than the {limit} allowed; set "
        "KERASAD_MAX_PIXELS to raise it"
    )


def is_tiff(path, file) -> bool:
    """By its first bytes; by its name where there is no open file."""
    if file is None:
        return str(path).lower().endswith((".tif", ".tiff"))
    file.seek(0)
    return file.read(4) in (b"II*\0", b"MM\0*")


def decode_tiff(path, limit, page=0, file=None) -> Image.Image:
    """TIFF flavours that Pillow lacks, such as 16-bit RGB."""
    import tifffile

    try:
        with tifffile.TiffFile(file or path) as tiff:
            page = tiff.pages[page]
            check_pixels(path, page.imagewidth, page.imagelength, limit)
            shape, kind = page.shape, page.dtype
            known = kind in (np.uint8, np.uint16) and (
                len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4))
            )
            array = page.asarray() if known else None
    except InputError:
        raise
    except Exception as error:
        raise unreadable(path, error) from error
    if array is None:
        raise InputError(
            f"{path}: must hold 8- or 16-bit grey or RGB pixels. "
            f"Received: {kind} of shape {shape}"
        )
    return Image.fromarray(to_8_bit(array) if kind == np.uint16 else array)


def unreadable(path, error) -> InputError:
    """The error, not raised, without addresses in memory."""
    reason = " ".join(str(error).split()).replace(str(path), "file")
    reason = re.sub(r" <_io\.BytesIO object at \w+>", "", reason)
    reason = re.sub(r" \(\d+ bytes not processed\)", "", reason)
    return InputError(
        f"{path}: not a readable image ({reason}); expected "
        "PNG, JPEG, BMP, TIFF or WebP"
    )


def to_8_bit(values: np.ndarray) -> np.ndarray:
    """16-bit values to uint8, so that 65535 becomes 255."""
    clipped = np.clip(values, 0, 65535).astype("uint32")
    return ((clipped + 128) // 257).astype("uint8")
