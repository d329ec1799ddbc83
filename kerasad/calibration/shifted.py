"""The threshold under other conditions: one decision for all images.

Scores of images that a `kerasad.domain.Domain` has normalised are others than
those of images that it has left alone. Both are calibrated, by the same rule,
and the first are brought to the scale of the second, so that one threshold
decides.
"""

import itertools

import numpy as np

from kerasad.calibration.fit import fit_threshold
from kerasad.domain.columns import COLUMNS, is_changed
from kerasad.domain.copies import drawn_copies
from kerasad.errors import InputError
from kerasad.text import counted

COPIES, EACH = 160, 4  # in all, at least, and of each image
TOGETHER = 256  # images whose outputs are in memory together


def shifted_calibration(detector, images, groups=None) -> dict | None:
    """Scores of held-out normal images as other conditions would show them.

    Args:
        detector: `kerasad.Detector` with a domain; how it matches scores is
            forgotten.
        images: uint8 `(n, H, W, 3)`, normal and not trained on.
        groups: label of each image; `None` where they are independent.

    Returns:
        A dict that goes through JSON: `source`; `scores`; `groups`, the
        label of the image that each is a copy of; `novelty_limit`, beyond
        which an image is not judged. `None` if nothing was changed enough.
    """
    count = max(EACH * len(images), COPIES)
    owners = []

    def drawn():
        rng = np.random.default_rng(0)
        for image, _, owner in drawn_copies(images, count, rng):
            owners.append(owner)
            yield image

    labels = labels_of(images, groups)
    scores, novelty, changed = raw(detector, drawn())
    owners = np.array(owners)
    if not changed.any():
        return None
    return {
        "source": "copies",
        "scores": scores[changed].tolist(),
        "groups": labels[owners[changed]].tolist(),
        # As wide as the widest: at most one of n + 1 images lies beyond.
        "novelty_limit": float(novelty[changed].max()),
    }


def recalibrated(detector, images, groups, say) -> dict:
    """The same from photos that were taken under the new conditions.

    Args:
        images: uint8 `(n, H, W, 3)`, normal images.
        groups, detector: as above.
        say: called with one line of commentary at a time.

    Raises:
        InputError: the detector has no domain, or the images look like those
            that it was trained on.
    """
    if detector.domain is None:
        raise InputError(
            "this detector takes images as they come; train it with "
            "domain=auto, as the recipe accurate has it, to calibrate it for "
            "other conditions"
        )
    known = (detector.calibration or {}).get("shifted") or {}
    scores, novelty, changed = raw(detector, images)
    if 2 * changed.sum() <= len(images):
        raise InputError(
            f"{len(images) - changed.sum()} of {len(images)} images look like "
            "those that the detector was trained on; leave out --shifted to "
            "calibrate on them"
        )
    if not changed.all():
        say(
            f"{counted(len(images) - changed.sum(), 'image')} of {len(images)} "
            "left out: they look like those that the detector was trained on"
        )
    limit, farthest = known.get("novelty_limit", 1.0), novelty[changed].max()
    if farthest > limit:
        say(
            f"{counted((novelty > limit).sum(), 'image')} of {len(images)} "
            "lay beyond what was judged; images like them are judged from now"
        )
    labels = labels_of(images, groups)
    return {
        "source": "photos",
        "scores": scores[changed].tolist(),
        "groups": labels[changed].tolist(),
        "novelty_limit": float(max(limit, farthest)),
    }


def labels_of(images, groups):
    """The label of each image; its place where they are independent."""
    return np.arange(len(images)) if groups is None else np.asarray(groups)


def raw(detector, images):
    """Scores before they are matched, novelties, and what was changed.

    Args:
        images: iterable of images, as `Detector.predict` takes them.
    """
    detector.matching.assign([1.0, 0.0])
    detector.domain.novelty_limit.assign(1.0)
    images, rows = iter(images), []
    while some := list(itertools.islice(images, TOGETHER)):
        found = detector.predict(some)
        rows.append((found["anomaly_score"], found["domain"]))
    scores, domain = map(np.concatenate, zip(*rows, strict=True))
    novelty = domain[:, COLUMNS.index("novelty")]
    return scores.astype("float64"), novelty, is_changed(domain)


def match(detector, method, k, fpr) -> dict:
    """Makes one threshold decide on both kinds of images.

    The median and the threshold of the changed go to those of the others.

    Returns:
        The fitted threshold of the changed, see `fit_threshold`, in units of
        their own, and `source`.
    """
    known = detector.calibration["shifted"]
    fitted = fit_threshold(method, known["scores"], k, fpr, known["groups"])
    own = fitted["threshold"], float(np.median(known["scores"]))
    middle = float(np.median(detector.calibration["scores"]))
    wanted = detector.threshold["threshold"], middle
    gain = 1.0
    if own[0] > own[1] and wanted[0] > wanted[1]:
        gain = (wanted[0] - wanted[1]) / (own[0] - own[1])
    detector.matching.assign([gain, wanted[0] - gain * own[0]])
    detector.domain.novelty_limit.assign(known["novelty_limit"])
    words = guarantee(fitted, known)
    return fitted | {"source": known["source"], "promise": words}


def guarantee(fitted, known) -> str:
    """What holds of images under other conditions, in words."""
    words = fitted["promise"]
    if known["source"] == "photos":
        return words
    return words.replace("at most", "no guaranteed rate: about", 1) + (
        ", and new conditions are like those that were drawn"
    )
