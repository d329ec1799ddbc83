"""Masks of defects as COCO has them: `predict --masks coco`."""

import json
from pathlib import Path

import numpy as np

from kerasad.errors import InputError
from kerasad.files import write_text
from kerasad.map_files import at_size
from kerasad.regions import connected, runs

NAME = "coco.json"


class Masks:
    """Adds `masks` to each line; for `predict_files(..., keep=)`.

    A mask is an 8-connected region of the map over the pixel threshold, at
    the size of the image: `bbox` and `area` in its pixels, `score`, the peak
    of the map in it, and `segmentation`, a compressed RLE.

    Raises:
        InputError: `detector` has no pixel threshold.
    """

    def __init__(self, detector):
        if detector.pixel_threshold is None:
            raise InputError(
                "this detector has no pixel threshold to make masks with; set "
                "one with `kerasad threshold`"
            )
        self.limit = np.float64(detector.pixel_threshold["threshold"])

    def __call__(self, path, page, outputs, sides) -> dict:
        """What a line of results says of regions above the limit."""
        values = at_size(outputs["anomaly_map"], sides)
        masks = [mask_of(values, *region) for region in
                 regions_of(values > self.limit)]  # fmt: skip
        height, width = sides
        return {"masks": {"width": width, "height": height, "of": masks}}


class CocoFile:
    """Gathers the masks of lines; in the end one file, whole or not at all.

    Args:
        path: of the JSON file.

    Raises:
        InputError: a line of before has no masks.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.images, self.annotations = [], []

    def __enter__(self):
        return self

    def add(self, line):
        """Takes the regions of a line of results; an error has none."""
        if "error" in line:
            return
        if "masks" not in line:
            raise InputError(
                f"{self.path.parent}: holds results without masks; choose a "
                "new folder"
            )
        number, masks = len(self.images) + 1, line["masks"]
        image = {
            "id": number,
            "file_name": line["path"],
            "width": masks["width"],
            "height": masks["height"],
        }
        if "page" in line:
            image["page"] = line["page"]
        self.images.append(image)
        for mask in masks["of"]:
            self.annotations.append(
                {
                    "id": len(self.annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "iscrowd": 0,
                    **mask,
                }
            )

    def __exit__(self, kind, *rest):
        if kind is None:
            content = {
                "images": self.images,
                "annotations": self.annotations,
                "categories": [{"id": 1, "name": "anomaly"}],
            }
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self.path, json.dumps(content) + "\n")


def regions_of(mask):
    """Rows, starts and stops of the runs of each 8-connected region."""
    rows, starts, stops = runs(mask)
    if len(rows):
        labels = connected(rows, starts, stops)
        for label in range(labels.max() + 1):
            own = labels == label
            yield rows[own], starts[own], stops[own]


def mask_of(values, rows, starts, stops) -> dict:
    """A region as COCO has it, from the runs of its rows."""
    top, left = rows.min(), starts.min()
    mask = np.zeros((rows.max() + 1 - top, stops.max() - left), bool)
    for row, start, stop in zip(rows - top, starts - left, stops - left,
                                strict=True):  # fmt: skip
        mask[row, start:stop] = True
    height, width = mask.shape
    inside = values[top : top + height, left : left + width][mask]
    return {
        "bbox": [int(left), int(top), width, height],
        "area": int(mask.sum()),
        "score": float(inside.max()),
        "segmentation": {
            "size": list(values.shape),
            "counts": compressed(counts_of(mask, left, top, *values.shape)),
        },
    }


def counts_of(mask, left, top, height, width) -> list[int]:
    """Lengths of the runs of 0, 1, 0, ... down the columns of an image.

    >>> counts_of(np.ones((2, 1), bool), 1, 0, 3, 2)
    [3, 2, 1]
    """
    columns, starts, stops = runs(mask.T)
    base = (columns + left) * height + top
    edges = np.ravel([base + starts, base + stops], order="F")
    lengths = np.diff(edges, prepend=0, append=height * width)
    # Where a run goes on from the foot of a column to the head of the next.
    while (gap := np.flatnonzero(lengths[1:-1] == 0)).size:
        at = gap[0] + 1
        joined = lengths[at - 1] + lengths[at + 1]
        lengths = np.r_[lengths[: at - 1], joined, lengths[at + 2 :]]
    if len(lengths) > 1 and lengths[-1] == 0:
        lengths = lengths[:-1]
    return lengths.tolist()


def compressed(counts) -> str:
    """COCO's text for such lengths: base 32 from `0` on, the least digit
    first, each from the fourth on as the difference from the one two before.

    >>> compressed([3, 2, 1])
    '321'
    """
    text = ""
    for place, count in enumerate(counts):
        value = count - counts[place - 2] if place > 2 else count
        while True:
            digit, value = value & 31, value >> 5
            # The sign is the highest bit of the last digit.
            more = value != (-1 if digit & 16 else 0)
            text += chr(48 + digit + 32 * more)
            if not more:
                break
    return text
