"""An exported model against the detector that it came from."""

from dataclasses import dataclass

import keras
import numpy as np

from kerasad.errors import InputError
from kerasad.export.photos import NOISE, RESIZES, photos_for, pillow

TOLERANCE = 1e-3  # relative, of scores and maps
SMALLEST = 1e-3  # a score below is compared as if it were this large
BATCHES = (1, 3)  # images at a time


@dataclass(frozen=True)
class Change:
    """What becomes of photos that somebody resized before the model.

    `size` is what `by` made of them, `score` the largest change of a score,
    and `decisions` how many of the `images` are decided otherwise.
    """

    by: str
    size: tuple
    score: float
    decisions: int
    images: int


@dataclass(frozen=True)
class Verified:
    """Relative `difference` of scores; `photos` in words; `changes`."""

    difference: float
    photos: str
    changes: list


def verify(detector, path, format, size, batch, data=None) -> Verified:
    """Runs an exported model on photos, alone and three at a time.

    Args:
        data: see `kerasad.export.photos.photos_for`.

    Raises:
        InputError: an output is another than the detector's.
    """
    photos, words = photos_for(detector, data)
    run = opened(path, format)
    images = np.stack([pillow(photo, size) for photo in photos])
    expected = detector.predict(images)
    difference = 0.0
    for count in (batch,) if batch else BATCHES:
        received = in_batches(run, images, count)
        agreed = check(detector, format, received, expected)
        difference = max(difference, agreed)
    changes = []
    if words != NOISE:
        changes = resized_before(detector, run, photos, size)
    return Verified(difference, words, changes)


def check(detector, format, received, expected) -> float:
    """The largest relative difference of the scores, if all outputs agree."""
    scores = expected["anomaly_score"].astype("float64")
    # A score may be near 0: in units of how much those of good images vary.
    known = (detector.calibration or {}).get("scores") or [0.0]
    unit = np.maximum(np.abs(scores), np.ptp(known))
    for name in sorted(set(expected) - {"is_anomalous"}):
        least = unit if name == "anomaly_score" else SMALLEST
        difference = relative_difference(received[name], expected[name], least)
        if not difference <= TOLERANCE:  # NaN fails too
            raise mismatch(format, name, f"by {difference:.2g}, relative")
    limit = detector.limit()
    clear = np.abs(scores - limit) > TOLERANCE * unit
    if not np.array_equal(
        received["is_anomalous"][clear], expected["is_anomalous"][clear]
    ) or not np.allclose(received["threshold"], limit, rtol=1e-6):
        raise mismatch(format, "is_anomalous", f"at scores {scores}")
    return relative_difference(
        received["anomaly_score"], expected["anomaly_score"], unit
    )


def resized_before(detector, run, photos, size) -> list[Change]:
    """What resizing photos before the model does to scores and decisions.

    To the size that it takes, if they have another; else to the detector's
    and back, as of pictures that were kept small.
    """
    expected = detector.predict(photos)
    changes = []
    for name, resize in RESIZES.items():
        fed = []
        for photo in photos:
            same = photo.shape[:2] == tuple(size)
            small = tuple(detector.image_size) if same else tuple(size)
            fed.append(resize(resize(photo, small), size))
        if all(map(np.array_equal, fed, photos)):
            return []  # nobody has anything to resize
        received = in_batches(run, np.stack(fed), 1)
        score = received["anomaly_score"] - expected["anomaly_score"]
        flips = received["is_anomalous"] != expected["is_anomalous"]
        changes.append(
            Change(
                name,
                small,
                float(np.abs(score).max()),
                int(flips.sum()),
                len(photos),
            )
        )
    return changes


def in_batches(run, images, count):
    """Outputs of `run` of all images, `count` at a time, by name."""
    parts = [
        run(images[start : start + count])
        for start in range(0, len(images), count)
    ]
    return {
        name: np.concatenate([part[name] for part in parts])
        for name in parts[0]
    }


def opened(path, format):
    """An artefact, loaded once, as a callable from images to numpy arrays."""
    compute = format.open(str(path))

    def run(images):
        outputs = compute(images)
        return {name: np.asarray(value) for name, value in outputs.items()}

    return run


def relative_difference(received, expected, least=SMALLEST) -> float:
    """Of two arrays `(batch, ...)`: the largest difference in an image, as a
    share of the largest value in it, or of `least`, `(batch,)` or a number."""
    received = received.astype("float64").reshape(len(expected), -1)
    expected = expected.astype("float64").reshape(len(expected), -1)
    largest = np.abs(expected).max(axis=1)
    unit = np.maximum(np.maximum(largest, least), SMALLEST)[:, None]
    return float(np.max(np.abs(received - expected) / unit))


def mismatch(format, name, how) -> InputError:
    """The error, not raised; `how` is the difference in words."""
    backend = keras.backend.backend()
    remedy = ""
    if set(format.needs) - {backend}:
        remedy = f"; try {format.advice(other_than=backend)}"
    return InputError(
        f"format {format.name} on the {backend} backend gives another {name} "
        f"than the detector, {how}; nothing was written{remedy}"
    )
