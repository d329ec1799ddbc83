"""What can be read in a category and is wrong all the same."""

import hashlib

import numpy as np

from kerasad.data.images import mask_values
from kerasad.data.layouts import open_category


def leaked(category, samples) -> list | None:
    """The test images whose very file is also trained on.

    A detector has seen them: their scores say nothing about new images.

    Args:
        category: a `Category`, or its folder.
        samples: of its test split.

    Returns:
        Those among `samples`; `None` if there is no image to compare with.
    """
    train = open_category(category).train
    if not train:
        return None
    known = {}
    for path in {sample.path for sample in train}:
        known.setdefault(path.stat().st_size, []).append(path)
    found = []
    for sample in samples:
        alike = known.get(sample.path.stat().st_size, [])
        if alike and content(sample.path) in map(content, alike):
            found.append(sample)
    return found


def content(path) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def is_binary(mask_path) -> bool:
    """Whether a mask has one value besides 0; `read_mask` takes any."""
    return len(np.setdiff1d(mask_values(mask_path), [0])) <= 1


def remarks(category, samples, found) -> list[str]:
    """A sentence for each flaw that does not keep a test split from use.

    Args:
        category, samples: see `leaked`.
        found: what `leaked` returned.
    """
    category = open_category(category)
    lines = []
    if found:
        trained = category.train[0].path.parent.relative_to(category.root)
        shown = found[0].path.relative_to(category.root).as_posix()
        count = "1 test image is" if len(found) == 1 else None
        count = count or f"{len(found)} test images are"
        lines.append(
            f"{count} also in {trained.as_posix()}, such as {shown}: scores "
            "on them say nothing about new images"
        )
    return lines + category.remarks
