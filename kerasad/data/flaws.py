"""What can be read in a category and is wrong all the same."""

import collections
import hashlib

import numpy as np

from kerasad.data.category import read_sample
from kerasad.data.images import mask_values
from kerasad.data.mask_flaws import MaskFlaws
from kerasad.data.plausibility import oddity
from kerasad.text import one_line


def leaked(category, samples) -> list | None:
    """The test images whose very file is also trained on.

    A detector has seen them: their scores say nothing about new images.

    Args:
        category: a `Category`.
        samples: of its test split.

    Returns:
        Those among `samples`; `None` if there is no image to compare with.
    """
    train = category.train
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


def overview(category, samples) -> tuple[list[str], list[str]]:
    """A line for each part of each split and size, and sentences of warning.

    Reads every image and mask of the samples.
    """
    groups, grey, flaws = {}, [], MaskFlaws(category.root)
    for sample in samples:
        image, mask = read_sample(sample)
        key = (f"{sample.split}/{sample.defect}", *image.shape[1::-1])
        group = groups.setdefault(key, collections.Counter())
        group["images"] += 1
        if odd := oddity(image):
            group[odd] += 1
        for path in sample.mask_paths or ():
            if len(np.setdiff1d(mask_values(path), [0])) > 1:
                grey.append(path)
        flaws.look(sample, mask)
    rows = []
    for (name, width, height), group in groups.items():
        count = group.pop("images")
        odd = "".join(f"; {n} {what}" for what, n in group.items())
        rows.append(
            f"{one_line(name):<24} {count:>6} images of {width} x {height}{odd}"
        )
    warnings = flaws.sentences()
    if grey:
        shown = grey[0].relative_to(category.root).as_posix()
        warnings.append(
            f"{len(grey)} of the masks, such as {shown}, have several values "
            "besides 0: each counts as defect"
        )
    if copies := repeated(samples):
        shown = copies[0].relative_to(category.root).as_posix()
        warnings.append(
            f"{len(copies)} of the images, such as {shown}, are copies, byte "
            "for byte, of another one in the same folder of the category"
        )
    return rows, warnings


def repeated(samples) -> list:
    """Files with the content of an earlier one of the same split and defect."""
    sizes, found = {}, []
    for sample in samples:
        key = (sample.split, sample.defect, sample.path.stat().st_size)
        sizes.setdefault(key, {})[sample.path] = None  # once, whatever pages
    for paths in sizes.values():
        digests = set()
        for path in paths if len(paths) > 1 else ():
            digest = content(path)
            if digest in digests:
                found.append(path)
            digests.add(digest)
    return found


def remarks(category, found) -> list[str]:
    """A sentence for each flaw that does not keep a test split from use.

    Args:
        category: a `Category`.
        found: what `leaked` returned.
    """
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
    if any(sample.mask_paths is None for sample in category.test):
        lines.append(
            "the defective images have no masks: what is measured on pixels "
            "is undefined"
        )
    return lines + category.remarks
