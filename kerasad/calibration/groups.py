"""Which images belong together, as a person says it: `--group-by`."""

import re

import numpy as np

from kerasad.errors import InputError

WORDS = ("near-copies", "folder", "none")


def check_group_by(text):
    """Refuses what is neither a word nor a regular expression."""
    if text in WORDS:
        return
    try:
        re.compile(text)
    except re.error as error:
        raise InputError(
            f"config key 'group_by' must be {', '.join(WORDS)} or a regular "
            f"expression. Received: {text!r}: {error}"
        ) from error


def numbered(groups):
    """The labels of groups, and which of them is that of each image.

    Args:
        groups: number of images, each for itself, or the label of each.
    """
    labels = np.arange(groups) if np.ndim(groups) == 0 else groups
    return np.unique(labels, return_inverse=True)


def labels_of(paths, group_by) -> np.ndarray:
    """Ints, equal for paths in one folder, or alike to the expression.

    >>> from pathlib import PurePosixPath as Path
    >>> paths = [Path("lot 1/a7_1.png"), Path("lot 1/a7_2.png"), Path("b.png")]
    >>> labels_of(paths, "folder").tolist()
    [1, 1, 0]
    >>> labels_of(paths, r"(a[0-9]+)_").tolist()
    [1, 1, 0]
    """
    if group_by == "folder":
        keys = [path.parent.as_posix() for path in paths]
    else:
        keys = [key_of(path.as_posix(), group_by) for path in paths]
    return np.unique(keys, return_inverse=True)[1]


def key_of(path, pattern) -> str:
    """The group of a path: the first group of the pattern, or its match."""
    match = re.search(pattern, path)
    if match is None:
        return f"/{path}"  # for itself: no text found begins like this
    return next((text for text in match.groups() if text), match[0])
