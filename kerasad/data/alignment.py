"""Whether the parts of good images lie at the same place in each of them."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from kerasad.settings import Settings, key

# Share of the variance found at one place from which on parts are said to
# move: 0.1 for capsules, 0.9 for cloth and scattered nuts.
MOVING = 0.6
PLACES = 32  # along a side of an image, about
IMAGES = 64  # looked at, evenly among them


@dataclass(frozen=True)
class AlignmentSettings(Settings):
    """The key of whether places may be compared between images."""

    # Whether parts lie alike in each image; auto: as good images show
    alignment: str = key("auto", choices=("auto", "aligned", "unaligned"))

    @property
    def unaligned(self):
        """Before `settled` places count."""
        return self.alignment == "unaligned"

    def settled(self, images, run):
        if self.alignment != "auto":
            return self
        found = run.facts.get("alignment")
        if found is None:  # not by another part of the same method
            share = share_of_images(images)
            found = {"share": share, "kind": kind_of(share)}
            run.facts["alignment"] = found
            run.say(said_of(found))
        return dataclasses.replace(self, alignment=found["kind"])


def kind_of(share) -> str:
    """What a share of variance at one place says of the images."""
    return "aligned" if share < MOVING else "unaligned"


def said_of(found, registration=None) -> str | None:
    """What `Run.facts` have of the alignment, in words; `None` of nothing."""
    if not found:
        return None
    still = found["kind"] in ("aligned", "gaussian")  # that, in older files
    before, share = "", f"{found['share']:.2f}"
    if registration and registration["helps"]:
        before = f"{registration['share']:.2f} of the variance at one place, "
        share = f"{share} once turned alike"
    else:
        share = f"{share} of the variance at one place"
    return f"{before}{share}: parts {'lie still' if still else 'move'}"


def share_of_images(images) -> float:
    """`share_at_a_place` of the colour of images and of their detail.

    Detail is the mean step between neighbouring pixels; of either, what all
    of an image has more of than others does not count.

    Args:
        images: uint8 `(n, H, W, 3)`.
    """
    chosen = np.linspace(0, len(images) - 1, min(len(images), IMAGES))
    colours, details = [], []
    for index in chosen.astype(int):
        image = images[index].astype("float32")
        colours.append(means(image))
        steps = np.abs(np.diff(image, axis=0))[:, 1:]
        details.append(means(steps + np.abs(np.diff(image, axis=1))[1:]))
    shares = []
    for values in map(np.stack, (colours, details)):
        values = values - values.mean(axis=(1, 2), keepdims=True)
        shares.append(share_at_a_place(values))
    return float(np.mean(shares))


def means(values):
    """Means of `(H, W, C)` over square places, about `PLACES` along a side."""
    height, width = values.shape[:2]
    side = max(1, round(max(height, width) / PLACES))
    rows, columns = max(1, height // side), max(1, width // side)
    high, wide = min(side, height), min(side, width)
    values = values[: rows * high, : columns * wide]
    return values.reshape(rows, high, columns, wide, -1).mean(axis=(1, 3))


def share_at_a_place(features) -> float:
    """Share of the features' variance that is found at one place.

    Near 0 where each place looks the same in all of the images
    `(n, rows, columns, dims)`, 1 where it does not matter where one looks.
    """
    at_a_place = features.var(axis=0).mean()
    everywhere = features.reshape(-1, features.shape[-1]).var(axis=0).mean()
    return float(at_a_place / max(everywhere, 1e-12))
