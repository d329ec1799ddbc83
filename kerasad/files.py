"""Files that are whole or not there."""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def replacing(target):
    """A path beside `target` to write to, renamed to it in the end.

    Whoever reads `target` finds the old file or the new one; after an error,
    or a kill, the old one is untouched.
    """
    target = Path(target)
    beside = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        yield beside
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def write_text(path, text):
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")
