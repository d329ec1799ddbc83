"""A detector that is served: its file, and what was loaded of it."""

import hashlib
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from kerasad.errors import InputError
from kerasad.lines import line_of
from kerasad.opening import open_detector
from kerasad.runtime.engines import ENGINES
from kerasad.serving.drift import Drift
from kerasad.serving.recent import Recent
from kerasad.text import one_line


@dataclass
class Version:
    """One content of a file. A request is answered by one from its first
    byte to its last, whatever replaces the file meanwhile."""

    detector: object
    name: str  # the beginning of the SHA-256 of the file
    drift: Drift
    since: float = field(default_factory=time.time)

    def sides(self):
        """`(height, width)` of the anomaly maps, in pixels."""
        detector = self.detector
        return getattr(detector, "map_size", None) or detector.image_size

    def score(self, photos) -> list[dict]:
        """The outputs of `predict` of each photo, with its `line`."""
        images = [photo.fitting for photo in photos]
        result = self.detector.predict(images, len(images))
        chances = self.detector.p_values(result["anomaly_score"])
        rows = []
        for index, photo in enumerate(photos):
            row = {name: values[index] for name, values in result.items()}
            chance = chances[index]
            row["line"] = line_of(self.detector, row, chance, photo.sides)
            rows.append(row)
        return rows


@dataclass
class Photo:
    """An image of a request: as the detector takes it, and to be shown."""

    fitting: np.ndarray
    sides: tuple
    shown: Image.Image


class Served:
    """A name, its file and the version of it that is served now."""

    def __init__(self, name, path):
        self.name = name
        self.path = Path(path)
        self.recent = Recent()
        self.failure = None
        self.seen = None
        self.version = self.load()

    def load(self) -> Version:
        """The file as it is now, warmed up; `InputError` if it is no good."""
        self.seen = self.stamp()
        detector, digest = opened(self.path)
        detector.check_calibrated()
        version = Version(detector, digest, Drift(detector))
        # The first prediction allocates, and on some backends compiles.
        height, width = getattr(detector, "input_size", version.sides())
        detector.predict(np.zeros((1, height, width, 3), "uint8"))
        return version

    @property
    def exported(self) -> bool:
        """Whether another runtime runs it, which may load in any thread."""
        return self.path.suffix.lower() in ENGINES

    def stamp(self):
        """What changes when the file does; `None` while there is none."""
        try:
            status = os.stat(self.path)
        except OSError:  # between two files, or gone
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def changed(self) -> bool:
        """Whether there is another file than was read last."""
        stamp = self.stamp()
        return stamp is not None and stamp != self.seen

    def reload(self) -> bool:
        """Serves the new file; goes on with the old one if it is bad."""
        try:
            self.version = self.load()
        except (InputError, OSError) as error:
            self.failure = one_line(error)
            print(f"{self.name}: not reloaded: {self.failure}", file=sys.stderr)
            return False
        self.failure = None
        print(f"{self.name}: now {self.version.name}", file=sys.stderr)
        return True


def opened(path):
    """The detector in a file, and the beginning of its SHA-256.

    Of a copy: the file may be replaced between two looks at it.
    """
    if not path.is_file():
        return open_detector(path), ""  # which refuses
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        for suffix in {path.suffix, ".bin"}:  # OpenVINO has its weights there
            if (source := path.with_suffix(suffix)).is_file():
                shutil.copyfile(source, copy.with_suffix(suffix))
        digest = hashlib.sha256(copy.read_bytes()).hexdigest()
        try:
            return open_detector(copy), digest[:12]
        except InputError as error:
            text = str(error).replace(str(copy), str(path))
            raise InputError(text) from error


def named(arguments) -> dict[str, str]:
    """Paths by name: of `NAME=FILE`, or the stem of the file, or its folder
    where the file is called detector, as `kerasad train` does.

    >>> named(["runs/part/detector.keras", "lid=runs/x.onnx"])
    {'part': 'runs/part/detector.keras', 'lid': 'runs/x.onnx'}
    """
    found = {}
    for argument in map(str, arguments):
        name, equals, path = argument.partition("=")
        if not equals or os.path.exists(argument):
            path = argument
            own = Path(os.path.abspath(path))
            name = own.parent.name if own.stem == "detector" else own.stem
        if not name or not set(name) <= ALLOWED:
            raise InputError(
                f"{argument}: a name holds letters, digits, '.', '_' and '-' "
                f"only, for it is part of an address; give one: part={path}"
            )
        if name in found:
            raise InputError(
                f"{argument}: the name {name} is already that of "
                f"{found[name]}; give another: NAME={path}"
            )
        found[name] = path
    return found


ALLOWED = set(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
)
