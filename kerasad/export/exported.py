"""A detector as a model for another runtime, checked against itself."""

import dataclasses
from pathlib import Path

import keras
import numpy as np

from kerasad.backend import installed
from kerasad.errors import InputError
from kerasad.export import find_format
from kerasad.export.format import distributions
from kerasad.export.targets import check_target, replacing_artefact, reserve

TOLERANCE = 1e-3  # relative, of scores and maps
SMALLEST = 1e-3  # a score below is compared as if it were this large
GRAPH = 4 << 20  # bytes, of an artefact beside its float32 weights


@dataclasses.dataclass(frozen=True)
class Exported:
    """What was written and how far it was checked.

    `batch` is the number of images the artefact takes, `None` for any;
    `difference` the largest relative one from the detector's scores, `None`
    if the `runtime` to check with, named as pip knows it, is not installed.
    """

    path: Path
    format: str
    input_size: tuple
    batch: int | None
    runtime: str
    difference: float | None


def export(detector, path, format, input_size=None) -> Exported:
    """Writes a detector as a model that needs neither kerasad nor Keras.

    Preprocessing, scoring and threshold are inside the graph. Its input
    `images` is uint8 `(batch, height, width, 3)`; its outputs are those of
    `Detector.predict`, by the same names.

    Args:
        detector: a calibrated `kerasad.Detector`.
        path: where to write; a previous export there is replaced. Ends in
            the suffix of the format; a SavedModel is a folder.
        format: str, one of `kerasad.export.FORMATS`.
        input_size: pair of ints, `(height, width)` in pixels. Size of the
            raw images, which the graph resizes; `None` for the detector's.

    Raises:
        InputError: this backend cannot, a package is missing, the path is
            taken, the detector has no threshold, or the artefact computes
            something else than the detector; nothing is written then.
    """
    backend = keras.backend.backend()
    format = find_format(format)
    format.check(backend, detector.score)
    target = check_target(path, format)
    if detector.threshold is None:
        raise InputError(
            "this detector has no threshold and would call nothing "
            "anomalous; set one with `kerasad threshold`"
        )
    size = tuple(input_size or detector.image_size)
    batch = 1 if backend in format.one_image else None
    difference = None
    with replacing_artefact(target) as folder:
        reserve(folder, GRAPH + 2 * 4 * detector.count_params())
        artefact = folder / f"model{format.suffix}"
        format.write(detector, artefact, size, batch)
        if installed(format.runtime):
            difference = verify(detector, artefact, format, size, batch)
    runtime = distributions([format.runtime])
    return Exported(target, format.name, size, batch, runtime, difference)


def verify(detector, path, format, size, batch) -> float:
    """The largest relative difference of the scores, if all outputs agree.

    Raises:
        InputError: they do not.
    """
    images = sample_images(size)
    expected = detector.predict(images)
    count = batch or len(images)
    run = opened(path, format)
    parts = [
        run(images[start : start + count])
        for start in range(0, len(images), count)
    ]
    received = {
        name: np.concatenate([part[name] for part in parts])
        for name in expected
    }
    for name in sorted(set(expected) - {"is_anomalous"}):
        difference = relative_difference(received[name], expected[name])
        if not difference <= TOLERANCE:  # NaN fails too
            raise mismatch(format, name, f"by {difference:.2g}, relative")
    scores = expected["anomaly_score"].astype("float64")
    limit = detector.threshold["threshold"]
    clear = np.abs(scores - limit) > TOLERANCE * np.abs(scores)
    if not np.array_equal(
        received["is_anomalous"][clear], expected["is_anomalous"][clear]
    ):
        raise mismatch(format, "is_anomalous", f"at scores {scores}")
    return relative_difference(
        received["anomaly_score"], expected["anomaly_score"]
    )


def opened(path, format):
    """An artefact, loaded once, as a callable from images to numpy arrays."""
    compute = format.open(str(path))

    def run(images):
        outputs = compute(images)
        return {name: np.asarray(value) for name, value in outputs.items()}

    return run


def sample_images(size) -> np.ndarray:
    """Three seeded images, from nearly flat to all noise."""
    noise = np.random.default_rng(0).uniform(0, 255, (3, *size, 3))
    contrast = np.reshape([0.1, 0.5, 1.0], (3, 1, 1, 1))
    return (127.5 + contrast * (noise - 127.5)).round().astype("uint8")


def relative_difference(received, expected) -> float:
    """Of two arrays `(batch, ...)`: the largest difference in an image, as a
    share of the largest value in it."""
    received = received.astype("float64").reshape(len(expected), -1)
    expected = expected.astype("float64").reshape(len(expected), -1)
    largest = np.abs(expected).max(axis=1, keepdims=True)
    return float(
        np.max(np.abs(received - expected) / np.maximum(largest, SMALLEST))
    )


def mismatch(format, name, how) -> InputError:
    backend = keras.backend.backend()
    remedy = ""
    if set(format.needs) - {backend}:
        remedy = f"; try {format.advice(other_than=backend)}"
    return InputError(
        f"format {format.name} on the {backend} backend gives another {name} "
        f"than the detector, {how}; nothing was written{remedy}"
    )
