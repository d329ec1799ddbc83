"""Photos sorted into two folders, without masks."""

import hashlib
from dataclasses import replace

from kerasad.data.category import Sample
from kerasad.data.folders import pages
from kerasad.data.layouts.splits import Splits

GOOD_NAMES = ("good", "ok", "normal")
BAD_NAMES = tuple("bad ng nok ko defect defective anomaly anomalous".split())
TITLE = "good/ and bad/ (or OK and NG, NOK, KO), a fifth of good/ for the test"


def matches(folder):
    """Whether there is a folder of good images and one of bad ones."""
    return bool(named(folder, GOOD_NAMES) and named(folder, BAD_NAMES))


def read(folder):
    """Some of the good ones are held out as a test, by their path."""
    splits = Splits(folder)
    for good in named(folder, GOOD_NAMES):
        for sample in splits.good_ones(good, "train"):
            if held_out(sample.path.relative_to(folder)):
                splits.test.append(replace(sample, split="test"))
            else:
                splits.train.append(sample)
    splits.test += [
        Sample(path, bad.name, 1, "test", None, page)
        for bad in named(folder, BAD_NAMES)
        for path in splits.photos(bad)
        for page in pages(path)
    ]
    if not splits.train:
        splits.problems["train"] = f"{folder}: no good images to train on"
    return splits.category(TITLE)


def named(folder, names):
    """The folders in `folder` whose names, in lower case, are given."""
    return [
        path
        for path in sorted(folder.iterdir())
        if path.name.lower() in names and path.is_dir()
    ]


def held_out(path):
    """A fifth, told by the name: more photos move none to the other side."""
    digest = hashlib.sha256(path.as_posix().encode("utf-8", "surrogateescape"))
    return digest.digest()[0] % 5 == 0
