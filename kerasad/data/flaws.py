"""What can be read in a category and is wrong all the same."""

import collections

import numpy as np

from kerasad.data.category import GOOD, read_sample
from kerasad.data.images import mask_values
from kerasad.data.likeness import Fingerprints, fingerprint
from kerasad.data.mask_flaws import MaskFlaws
from kerasad.data.plausibility import oddity
from kerasad.text import counted, one_line


def leaked(samples, marks, known, near=True) -> list:
    """The samples that are, or are nearly, among known images.

    A detector has seen them: their scores say nothing about new images.

    Args:
        samples: list of `kerasad.data.category.Sample`.
        marks: `kerasad.data.likeness.Fingerprints`, of each.
        known: likewise, of the images learnt from and calibrated on.
        near: bool. Whether nearly equal images count as equal.
    """
    place = marks.copies_in(known, near)
    return [s for s, at in zip(samples, place, strict=True) if at >= 0]


def leak(found, root, seen) -> list[str]:
    """A sentence on what `leaked` returned, if anything."""
    if not found:
        return []
    shown = found[0].path.relative_to(root).as_posix()
    are = "is" if len(found) == 1 else "are"
    return [
        f"{counted(len(found), 'test image')} {are} among {seen}, or nearly "
        f"equal to one, such as {shown}: scores on them say nothing about new "
        "images"
    ]


def overview(category, samples) -> tuple[list[str], list[str]]:
    """A line for each part of each split and size, and sentences of warning.

    Reads every image and mask of the samples.
    """
    groups, grey, prints = {}, [], []
    flaws = MaskFlaws(category.root)
    for sample in samples:
        image, mask = read_sample(sample)
        prints.append(fingerprint(image))
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
    marks = Fingerprints.of(prints)
    places = {}
    for place, sample in enumerate(samples):
        places.setdefault((sample.split, sample.defect), []).append(place)
    for (split, defect), own in places.items():
        warnings += alike(marks[own], [samples[i] for i in own], split, defect)
    learnt = [i for i, sample in enumerate(samples) if sample.split != "test"]
    tested = [i for i, sample in enumerate(samples) if sample.split == "test"]
    found = leaked([samples[i] for i in tested], marks[tested], marks[learnt])
    return rows, warnings + leak(found, category.root, "the good images")


def alike(marks, samples, split, defect) -> list[str]:
    """Sentences on images of one part of a split that are equal, or nearly."""
    where, again = f"{split}/{defect}", marks.repeated()
    sentences = []
    if again.any():
        name = samples[again.argmax()].path.name
        sentences.append(
            f"{again.sum()} of {where}, such as {name}, are copies of others "
            "there: `train` learns from each but once"
        )
    if defect != GOOD or split == "test":
        return sentences
    labels = marks[~again].groups()
    groups = len(np.unique(labels))
    if 1 < groups < len(labels):
        sentences.append(
            f"{len(labels)} different images of {where} are {groups} groups "
            "of near-copies: each counts once in the guarantee"
        )
    elif groups == 1 < len(labels):
        sentences.append(f"the images of {where} are all nearly the same")
    return sentences


def remarks(category) -> list[str]:
    """A sentence for each flaw that does not keep a test split from use."""
    lines = []
    if any(sample.mask_paths is None for sample in category.test):
        lines.append(
            "the defective images have no masks: what is measured on pixels "
            "is undefined"
        )
    return lines + category.remarks
