"""Files that are whole or not there."""

import contextlib
import errno
import functools
import itertools
import os
import shutil
import sys
import time
from pathlib import Path

from kerasad.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

NO_ROOM = 1 << 20  # bytes free under which a disk counts as full
DAY = 86_400.0  # seconds
DRAFTS = itertools.count()


@contextlib.contextmanager
def replacing(target):
    """A path beside `target` to write to, renamed to it in the end.

    Whoever reads `target` finds the old file or the new one; after an error,
    or a kill, the old one is untouched.

    Raises:
        InputError: it cannot be written.
    """
    with beside(target) as path:
        yield path
        # A full network disk may say so only now.
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(path, target)


@contextlib.contextmanager
def beside(target, folder=False):
    """A path next to `target` to prepare it at, gone in the end.

    What killed processes left there goes, too.

    Raises:
        InputError: it cannot be written.
    """
    target = Path(target)
    owner = f"{os.getpid()}{next(DRAFTS):06}"  # threads share a process
    path = target.with_name(f".{owner}.{target.name}")
    try:
        with writing(target):
            remove_leftovers(target)
            if folder:
                path.mkdir()
            with locked(path):
                yield path
    finally:
        remove(path)


@contextlib.contextmanager
def writing(target):
    """Turns the system's errors into one that names `target`."""
    before = sys.exception()
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = refusal(error, before, Path(target).absolute().parent)
        if reason is None:
            raise
        raise InputError(f"{target}: cannot be written: {reason}") from error


def refusal(error, before, folder) -> str | None:
    """What the system said, `None` if `error` is of another kind.

    Closing a file that could not be written fails in turn, and libraries in
    C++ have errors of their own: it may be anywhere in the chain of errors
    since the one `before`, or nowhere.
    """
    while error is not None and error is not before:
        if isinstance(error, OSError) and error.strerror:
            full = error.errno == errno.ENOSPC
            return "the disk is full" if full else error.strerror
        error = error.__context__
    with contextlib.suppress(OSError):
        if shutil.disk_usage(folder).free < NO_ROOM:
            return "the disk is full"
    return None


def remove_leftovers(target):
    """Removes what no living process prepares `target` at."""
    for name, path in drafts(target.absolute().parent):
        if name == target.name:
            with contextlib.suppress(OSError), locked(path) as abandoned:
                if abandoned:
                    remove(path)


@functools.cache  # there may be as many targets as files in the folder
def drafts(folder) -> list[tuple[str, Path]]:
    """What `beside` made in `folder`, and what each was to become."""
    found = []
    for name in os.listdir(folder):
        start, owner, target = [*name.split(".", 2), "", ""][:3]
        if not start and owner.isdecimal():
            found.append((target, folder / name))
    return found


def remove(path):
    """Deletes a file or a folder with all it holds; silent if it cannot."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


@contextlib.contextmanager
def locked(path):
    """Holds `path`, made if missing, until the end or the process's death.

    Yields whether nobody else holds it: a process identifier would say so
    only of this machine, or this container.
    """
    if fcntl is None:
        yield path.exists() and time.time() - path.stat().st_mtime > DAY
        return
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT
    descriptor = os.open(path, flags, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        except OSError:  # somebody's, or a file system without locks
            held = False
        yield held
    finally:
        os.close(descriptor)


def write_text(path, text):
    """Writes UTF-8 beside and renames it into place."""
    with replacing(path) as path:
        path.write_text(text, encoding="utf-8")
