"""The built-in capsules in the user's cache, drawn on first use."""

from pathlib import Path

from kerasad.cache import cache_folder
from kerasad.capsules.category import write_category
from kerasad.errors import InputError

# Raised whenever the renderer draws different pictures.
VERSION = 1


def builtin_capsules(size: int = 256, progress=None) -> Path:
    """Folder of the built-in category at `size` pixels, in MVTec layout.

    `progress` is called with `(images done, images in all)` while drawing.
    """
    folder = cache_folder() / f"capsules-v{VERSION}-{size}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_category(folder, size=size, progress=progress)
        except InputError:
            if not folder.is_dir():  # else another process was quicker
                raise
    return folder
