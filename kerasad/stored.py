"""Images that together are too large for the memory lie in a file."""

import os
import tempfile

import numpy as np

from kerasad.cache import cache_folder
from kerasad.errors import InputError
from kerasad.files import writing

MEMORY = 1024  # MiB of images; KERASAD_IMAGE_MEMORY changes it


def gathered(shape, images, limit=None) -> np.ndarray:
    """Images one after another as one uint8 array.

    An array of up to `limit` bytes is in memory. A larger one is mapped, to
    be read only, from a file without a name in the user's cache: the system
    reads what is looked at, and drops it again when it needs the memory. The
    file is gone with the array, or the process.

    Args:
        shape: `(n, height, width, 3)`.
        images: iterable of `n` uint8 arrays `(height, width, 3)`.
        limit: int, in bytes; `None` for `memory_limit()`.

    Raises:
        InputError: the disk is full.
    """
    limit = memory_limit() if limit is None else limit
    if int(np.prod(shape, dtype="int64")) <= limit:
        array = np.empty(shape, "uint8")
        for place, image in enumerate(images):
            array[place] = image
        return array
    folder = cache_folder()
    with writing(folder / "images"):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            # Not mapped yet: to fill a full disk so kills the process.
            for image in images:
                file.write(np.ascontiguousarray(image, "uint8"))
            file.flush()
            mapped = np.memmap(file, "uint8", "r", shape=tuple(shape))
    # As a plain array, for what follows from it to be plain, too.
    return np.asarray(mapped)


def chosen(images, places) -> np.ndarray:
    """`images[places]`, in a file again where they are too many.

    Args:
        images: uint8 `(n, height, width, 3)`, of `gathered`.
        places: indices, or bools `(n,)`.
    """
    places = np.arange(len(images))[places]
    shape = (len(places), *images.shape[1:])
    return gathered(shape, (images[place] for place in places))


def memory_limit() -> int:
    """Bytes of images that may be in memory."""
    text = os.environ.get("KERASAD_IMAGE_MEMORY", str(MEMORY))
    if not text.isdecimal():
        raise InputError(
            "KERASAD_IMAGE_MEMORY must be a whole number of MiB, such as "
            f"{MEMORY}. Received: {text!r}"
        )
    return int(text) << 20
