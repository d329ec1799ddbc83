"""The last images of a detector, for the operator to look at."""

import io
import itertools
import time
from collections import deque

import numpy as np
from PIL import Image

from kerasad.reports.panels import overlay
from kerasad.serving.conditions import conditions

KEPT = 24  # images
SIDE = 320  # pixels of the longer side, at most


class Recent:
    """Keeps small pictures and maps; paints overlays when asked for one."""

    def __init__(self):
        self.numbers = itertools.count(1)
        self.entries = deque(maxlen=KEPT)

    def add(self, photo, row, version):
        """A scored `photo`, its `row` of outputs, by a `Version`."""
        entry = {
            "id": next(self.numbers),
            "time": time.time(),
            "version": version.name,
            "line": row["line"],
            "shown": photo.shown,
            "map": row["anomaly_map"],
            "range": version.detector.calibration["map_range"],
        }
        self.entries.append(entry)

    def summary(self) -> list[dict]:
        """Newest first, without pictures."""
        kept = ("id", "time", "version")
        return [
            {key: entry[key] for key in kept}
            | {
                key: entry["line"][key]
                for key in ("anomaly_score", "is_anomalous", "p_value")
            }
            | {"conditions": conditions(entry["line"])}
            for entry in reversed(self.entries)
        ]

    def picture(self, number, heat: bool) -> bytes | None:
        """WebP of one image, with its map laid over it or not."""
        for entry in list(self.entries):
            if entry["id"] == number:
                image = entry["shown"]
                if heat:
                    pixels = overlay(
                        np.asarray(image), entry["map"], *entry["range"]
                    )
                    image = Image.fromarray(pixels)
                file = io.BytesIO()
                image.save(file, "WEBP", quality=80, method=2)
                return file.getvalue()
        return None
