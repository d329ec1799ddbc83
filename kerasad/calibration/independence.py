"""Images to calibrate on that have nothing to do with those learnt from."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from kerasad.calibration.groups import check_group_by, labels_of
from kerasad.calibration.split import split
from kerasad.data.images import load_images
from kerasad.data.layouts import open_category
from kerasad.data.likeness import Fingerprints, fingerprint
from kerasad.errors import InputError
from kerasad.stored import chosen
from kerasad.text import counted


@dataclass
class Photos:
    """Normal images, as read.

    Args:
        samples: list of `kerasad.data.category.Sample`.
        images: uint8 `(n, H, W, 3)`.
        fingerprints: `kerasad.data.likeness.Fingerprints`, of the photos at
            their own size.
        size: `[height, width]`, the commonest of the photos in pixels.
        groups: ints `(n,)`, equal for images that are not independent of
            each other; `None` where each is.
        near: bool. Whether nearly equal images count as equal.
    """

    samples: list
    images: np.ndarray
    fingerprints: Fingerprints
    size: list[int]
    groups: np.ndarray | None = None
    near: bool = True

    def __len__(self):
        return len(self.samples)

    def only(self, keep):
        """The same of the images where `keep`, bool `(n,)`, is true."""
        places = np.arange(len(self))[keep]
        return replace(
            self,
            samples=[self.samples[place] for place in places],
            images=chosen(self.images, places),
            fingerprints=self.fingerprints[places],
            groups=None if self.groups is None else self.groups[places],
        )

    @property
    def units(self):
        """What is split, held out and counted: the groups, or the number."""
        return len(self) if self.groups is None else self.groups


def read_photos(samples, size, root, group_by, say):
    """Reads good images, each but once, and finds which belong together.

    Args:
        samples: list of `kerasad.data.category.Sample`.
        size: of the detector, see `load_images`.
        root: folder below which paths are told apart.
        group_by: `"near-copies"`: what fingerprints tell; `"folder"`: the
            images of a folder; `"none"`: each for itself; else a regular
            expression, searched in the path below `root`: images where it,
            or its first group, finds the same text, and those where it finds
            nothing each for itself.
        say: called with one line of commentary at a time.
    """
    rows, sizes = [], Counter()

    def look(photo):
        rows.append(fingerprint(photo))
        sizes[photo.shape[:2]] += 1

    images = load_images(samples, size, look=look)
    ((commonest, _),) = sizes.most_common(1)
    marks = Fingerprints.of(rows)
    photos = Photos(list(samples), images, marks, list(commonest))
    again = marks.repeated()
    if len(again) > 1 and again[1:].all():
        say(
            f"warning: the {len(again)} good images are all the same; the "
            "guarantee holds for images like these only"
        )
        return replace(photos, near=False)
    if again.any():
        name = samples[again.argmax()].path.name
        say(
            f"{counted(again.sum(), 'image')} of {len(again)} left out: copies "
            f"of others, such as {name}"
        )
        photos = photos.only(~again)
    return grouped(photos, root, group_by, say)


def grouped(photos, root, group_by, say):
    """`photos` with their groups, see `read_photos`."""
    if group_by == "none":
        return replace(photos, near=False)
    if group_by == "near-copies":
        labels = photos.fingerprints.groups()
        if len(photos) > 1 and labels.max() == 0:
            say(
                f"warning: the {len(photos)} good images are all nearly the "
                "same and count one by one; the guarantee holds for images "
                "like these only"
            )
            return replace(photos, near=False)
        what = "near-copies, such as frames of one part"
    else:
        paths = [sample.path.relative_to(root) for sample in photos.samples]
        labels = labels_of(paths, group_by)
        what = f"--group-by {group_by}"
    groups = len(np.unique(labels))
    if groups == len(photos):
        return photos
    say(
        f"{len(photos)} images in {groups} groups by {what}: a group is held "
        "out whole, and counts once in the guarantee"
    )
    return replace(photos, groups=labels)


def independent(photos, learnt, near, say):
    """Those of `photos` that are none of the images learnt from.

    Args:
        learnt: `Fingerprints`.
        near: bool. Whether nearly equal images count as equal.
    """
    marks = photos.fingerprints
    near = near and photos.near
    taken = marks.copies_in(learnt, near) >= 0
    if not taken.any():
        return photos
    name = photos.samples[taken.argmax()].path.name
    say(
        f"{counted(taken.sum(), 'image')} of {len(taken)} left out, such as "
        f"{name}: learnt from, or nearly the same as one that was"
    )
    return photos.only(~taken)


def divide(category, config, say) -> tuple[Photos, Photos, Photos]:
    """Good images to learn from, those held out, and all that can be learnt.

    Where a category has `validation/good`, that is held out; otherwise
    `validation_share` of the groups of `train/good`.

    Args:
        category: `kerasad.data.category.Category`.
        config: `kerasad.Config`.
        say: called with one line of commentary at a time.
    """
    size, root = config.sides, category.root
    photos = read_photos(
        category.samples("train"), size, root, config.group_by, say
    )
    if category.validation and config.calibration == "split":
        held_out = read_photos(
            category.validation, size, root, config.group_by, say
        )
        held_out = independent(held_out, photos.fingerprints, photos.near, say)
        if len(held_out):
            say("validation/good is held out, train/good is learnt from")
            return photos, held_out, photos
        say(
            "warning: validation/good holds nothing new, so part of "
            "train/good is held out"
        )
    learnt, held_out = split(photos.units, config.validation_share, config.seed)
    return photos.only(learnt), photos.only(held_out), photos


def recalibrate(detector, data, group_by, method, k, fpr, say, shifted=False):
    """Fits the threshold anew to the good images of a folder.

    Those of `validation/good` where that is, and of `train/good` otherwise,
    without what the detector has learnt from.

    Args:
        detector: `kerasad.Detector`, which is changed.
        data: a folder that `kerasad.data.layouts.open_category` can read.
        group_by: see `read_photos`; `None` for near-copies.
        method, k, fpr: see `kerasad.calibration.fit_threshold`.
        say: called with one line of commentary at a time.
        shifted: bool. Whether the images were taken under other conditions,
            see `Detector.recalibrate`.

    Raises:
        InputError: there is no such image.
    """
    category = open_category(data)
    say(f"{category.root}: {category.layout}")
    samples = category.validation or category.samples("train")
    group_by = group_by or "near-copies"
    check_group_by(group_by)
    photos = read_photos(
        samples, detector.image_size, category.root, group_by, say
    )
    learnt, near = detector.known("learnt")
    if learnt is None:
        say(
            "warning: this detector does not know what it was trained on; "
            "the guarantee holds if these images are others"
        )
    else:
        photos = independent(photos, learnt, near, say)
    if not len(photos):
        raise InputError(
            f"{category.root}: the detector has learnt from all of these "
            "images; a threshold needs other good ones"
        )
    if shifted:
        # Not remembered as held out: those are what the rest is fitted to.
        return detector.recalibrate(
            photos.images, method, k, fpr, photos.groups, say
        )
    detector.calibrate(photos.images, method, k, fpr, photos.groups)
    if learnt is not None:
        detector.remember(learnt, photos.fingerprints, near)
