"""A detector as a model for another runtime, checked against itself."""

import dataclasses
from pathlib import Path

import keras

from kerasad.backend import installed
from kerasad.errors import InputError
from kerasad.export import find_format
from kerasad.export.format import distributions
from kerasad.export.notes import notes
from kerasad.export.photos import photo_size
from kerasad.export.targets import check_target, replacing_artefact, reserve
from kerasad.export.verification import Verified, verify

GRAPH = 4 << 20  # bytes, of an artefact beside its float32 weights


@dataclasses.dataclass(frozen=True)
class Exported:
    """What was written and how far it was checked.

    `batch` is the number of images the artefact takes, `None` for any;
    `verified` says how it was, and is `None` if the `runtime` to check with,
    named as pip knows it, is not installed.
    """

    path: Path
    format: str
    input_size: tuple
    batch: int | None
    runtime: str
    verified: Verified | None

    @property
    def difference(self) -> float | None:
        """The largest, relative, from the detector's scores."""
        return self.verified and self.verified.difference


def export(detector, path, format, input_size=None, data=None) -> Exported:
    """Writes a detector as a model that needs neither kerasad nor Keras.

    Preprocessing, scoring and threshold are inside the graph. Its input
    `images` is uint8 `(batch, height, width, 3)`; its outputs are those of
    `Detector.predict`, by the same names, `threshold` and `pixel_threshold`.
    The facts of `kerasad.export.notes` travel with it.

    Args:
        detector: a calibrated `kerasad.Detector`.
        path: where to write; a previous export there is replaced. Ends in
            the suffix of the format; a SavedModel is a folder.
        format: str, one of `kerasad.export.FORMATS`.
        input_size: pair of ints, `(height, width)` in pixels. Size of the
            raw images, which the graph resizes; `None` for that of the
            training photos, or the detector's if its file does not say.
        data: a folder of good photos to check it with; `None` for images
            in the detector's file.

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
    size = tuple(input_size or photo_size(detector))
    batch = 1 if backend in format.one_image else None
    verified = None
    with replacing_artefact(target) as folder:
        reserve(folder, GRAPH + 2 * 4 * detector.count_params())
        artefact = folder / f"model{format.suffix}"
        format.write(detector, artefact, size, batch, notes(detector, size))
        if installed(format.runtime):
            verified = verify(detector, artefact, format, size, batch, data)
    runtime = distributions([format.runtime])
    return Exported(target, format.name, size, batch, runtime, verified)
