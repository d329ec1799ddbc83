"""The built-in capsules in the user's cache, drawn on first use."""

import os
import tempfile
from pathlib import Path

from kerasad.capsules.category import write_category

# Raised whenever the renderer draws different pictures.
VERSION = 1


def cache_folder() -> Path:
    """Where it can be kept: for a user without a home, a temporary folder."""
    home = os.path.expanduser("~")
    if not os.access(home, os.W_OK):
        home = os.path.join(tempfile.gettempdir(), f"kerasad-{os.getuid()}")
    base = os.environ.get("XDG_CACHE_HOME") or Path(home) / ".cache"
    return Path(base) / "kerasad"


def builtin_capsules(size: int = 256, progress=None) -> Path:
    """Folder of the built-in category at `size` pixels, in MVTec layout.

    `progress` is called with `(images done, images in all)` while drawing.
    """
    folder = cache_folder() / f"capsules-v{VERSION}-{size}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_category(folder, size=size, progress=progress)
    return folder
