"""Where kerasad keeps what it can make again."""

import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Where it can be kept: for a user without a home, a temporary folder."""
    home = os.path.expanduser("~")
    if not os.access(home, os.W_OK):
        home = os.path.join(tempfile.gettempdir(), f"kerasad-{os.getuid()}")
    base = os.environ.get("XDG_CACHE_HOME") or Path(home) / ".cache"
    return Path(base) / "kerasad"
