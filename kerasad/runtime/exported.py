"""An exported detector that answers as the detector it came from."""

import json
import os

import numpy as np
from PIL import Image

from kerasad.calibration.conformal import p_values
from kerasad.data.images import resized
from kerasad.errors import InputError
from kerasad.prediction import image_paths, predict_files
from kerasad.runtime.engines import engine_of

NEEDED = ("threshold", "input_size", "map_size", "map_range")


def load(path, threads: int | None = None):
    """An exported detector, ready to predict.

    Args:
        path: what `kerasad export` wrote: `.onnx`, run by ONNX Runtime, or
            `.xml` with its `.bin` beside, run by OpenVINO.
        threads: of the runtime; `None` for `OMP_NUM_THREADS`, as the
            backends of Keras have it, or else for the runtime's own choice.

    Raises:
        InputError: no such file, another model, or the runtime is missing.
    """
    package, opener = engine_of(path)
    told = os.environ.get("OMP_NUM_THREADS", "")
    if threads is None and told.isdecimal() and int(told):
        threads = int(told)
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such file; expected an exported detector")
    try:
        run, sides, facts = opener(path, threads)
    except ImportError as error:
        raise InputError(
            f"{path}: needs {package}: pip install {package}"
        ) from error
    except Exception as error:  # the runtimes raise classes of their own
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path}: cannot be loaded: {reason}; export it anew"
        ) from error
    try:
        facts = {name: json.loads(text) for name, text in facts.items()}
    except ValueError:  # other programs keep text of other kinds
        facts = {}
    missing = [name for name in NEEDED if name not in facts]
    if missing:
        raise InputError(
            f"{path}: its metadata lack {', '.join(missing)}: not a detector "
            "that `kerasad export` wrote; export it anew"
        )
    return ExportedDetector(run, sides, facts)


class ExportedDetector:
    """Predicts with what another runtime computes.

    Args:
        run: callable from uint8 `(batch, height, width, 3)` to outputs by
            name.
        input_size: `(height, width)` in pixels that `run` takes.
        facts: dict, see `kerasad.export.notes`.

    Attributes:
        threshold, pixel_threshold: dicts as of `kerasad.Detector`, with what
            they guarantee.
        facts: all that travelled along: provenance, preprocessing, versions.
        input_size, map_size: `(height, width)` in pixels, of what the model
            takes and of its maps. Where they are equal, photos of any size
            are taken, and resized as the detector would.
    """

    def __init__(self, run, input_size, facts):
        self.run = run
        self.input_size = tuple(input_size)
        self.map_size = tuple(facts["map_size"])
        self.facts = facts
        fitted = facts.get("fitted", {})
        self.threshold = fitted.get("threshold") or {
            "threshold": facts["threshold"],
            "method": facts.get("method"),
            "promise": facts.get("promise"),
        }
        self.pixel_threshold = fitted.get("pixel_threshold")
        if self.pixel_threshold is None and "pixel_threshold" in facts:
            self.pixel_threshold = {"threshold": facts["pixel_threshold"]}
        self.calibration = {
            "scores": facts.get("calibration_scores"),
            "map_range": facts["map_range"],
        }

    def limit(self) -> float:
        """The score above which an image is anomalous."""
        return self.threshold["threshold"]

    def check_calibrated(self):
        """For `predict_files`: no export is without a threshold."""

    def p_values(self, scores):
        """See `kerasad.calibration.p_values`; `None` each of too old a file."""
        known = self.calibration["scores"]
        if known is None:
            return [None] * len(scores)
        groups = self.facts.get("calibration_groups")
        return p_values(known, scores, groups)

    def predict(self, images, batch_size=None):
        """Scores raw images.

        Args:
            images: uint8 `(n, height, width, 3)`, or a list of such images of
                the sizes that `input_size` allows.
            batch_size: int. Images in the runtime at a time; `None` for 16.

        Returns:
            What `kerasad.Detector.predict` gives: dict of numpy arrays by
            name, among them `anomaly_score`, `is_anomalous` and
            `anomaly_map`.

        Raises:
            InputError: no images, or the scores are not finite numbers.
        """
        images = [self.checked(image) for image in images]
        if not images:
            raise InputError("predict needs at least one image, received none")
        step = batch_size or 16
        parts = [
            self.run(np.stack(images[start : start + step]))
            for start in range(0, len(images), step)
        ]
        result = {
            name: np.concatenate([part[name] for part in parts])
            for name in parts[0]
            if name not in ("threshold", "pixel_threshold")
        }
        scores = result["anomaly_score"].astype("float64")
        if not np.isfinite(scores).all():  # a NaN would pass for normal
            raise InputError(
                "this model gives scores that are not finite: its file is "
                "damaged; export it anew"
            )
        # In double precision, as `kerasad.Detector` decides.
        result["is_anomalous"] = scores > self.limit()
        return result

    def fitting(self, photo, path):
        """A Pillow image as what `predict` takes.

        Raises:
            InputError: it has another size than the model was exported for,
                which then would resize it a second time, and score another
                picture than the detector does.
        """
        sides = photo.height, photo.width
        if sides != self.input_size and self.input_size != self.map_size:
            (height, width), (least, thinnest) = self.input_size, self.map_size
            raise InputError(
                f"{path}: is {photo.height}x{photo.width} pixels; this model "
                f"was exported for {height}x{width}. Export it with "
                f"--input-size {photo.height}x{photo.width} for such photos, "
                f"or with --input-size {least}x{thinnest} for any"
            )
        return np.asarray(resized(photo, self.input_size))

    def checked(self, image):
        """uint8 `(*input_size, 3)` of an image of any size, or `InputError`."""
        image = np.asarray(image)
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise InputError(
                "an image must be uint8 of shape (height, width, 3). "
                f"Received: {image.dtype} of shape {image.shape}"
            )
        if image.shape[:2] == self.input_size:
            return image
        return self.fitting(Image.fromarray(image), "an image")

    def predict_files(self, paths, batch_size=16, out=None):
        """Scores files, folders and globs, see `kerasad.prediction`.

        Returns:
            Iterator of the dicts that `kerasad predict` prints.
        """
        return predict_files(self, image_paths(paths), batch_size, out)
