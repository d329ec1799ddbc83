"""Good images under other conditions, to learn what those look like."""

import itertools
from functools import partial

import numpy as np
from PIL import Image, ImageFilter

from kerasad.batches import ahead
from kerasad.data.affine import affine, lower_resolution
from kerasad.data.colour_jitter import colour_jitter, gaussian_noise
from kerasad.data.compression import compressed
from kerasad.data.corruption import with_defect
from kerasad.domain.learning import BATCH
from kerasad.domain.sampling import warp
from kerasad.layers.compiled import Compiled
from kerasad.sides import mean_side

COPIES = 600  # at most, to learn from
EACH = 20  # at most, of one image
KEPT = 200 * 2**20  # bytes of them, after normalisation
LOOKS = 200  # at most, of which all but the images is kept
# Likelihoods that each of the changes takes part: one at a time, all at once.
LIKELY = (0.5, 1.0)


def under_conditions(image, rng, mask=None):
    """A uint8 image as another camera, mount and lamp may show it.

    Drawn anew with each call: how much changes at all, which of pose,
    sharpness, light, noise and compression take part, and by how much. As
    wide as table 2 of the paper at severity 1, and a little wider.

    Args:
        image: uint8 array `(height, width, 3)`; not modified.
        rng: `numpy.random.Generator`.
        mask: uint8 or bool array `(height, width)` that moves along, or
            `None`.

    Returns:
        The image, and the mask, likewise moved.
    """
    amount = rng.uniform(0.2, 1.2)
    likely = float(rng.choice(LIKELY))

    def drawn(low, high):
        takes_part = rng.random() < likely
        return amount * rng.uniform(low, high) * takes_part

    # What comes from outside is mirrored, as nothing is known of it.
    move = {
        "angle": drawn(-5.0, 5.0),
        "scale": np.exp(drawn(-0.1, 0.36)),
        "shift": [drawn(-0.05, 0.05) * side for side in image.shape[:2]],
    }
    image = affine(image, **move)
    mask = mask if mask is None else affine(mask, **move)
    image = lower_resolution(image, 2.0 ** -drawn(0.0, 1.0))
    radius = drawn(0.0, 1.2) * mean_side(image.shape) / 256
    if rng.random() < 0.5:  # and out of focus from time to time
        soft = Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius))
        image = np.asarray(soft)
    for name in ("brightness", "contrast"):
        image = colour_jitter(image, rng, **{name: drawn(0.3, 0.3)})
    gains = 1.0 + np.array([drawn(-0.08, 0.08) for _ in range(3)])
    image = np.rint(image * gains).clip(0, 255).astype("uint8")
    image = gaussian_noise(image, rng, drawn(0.0, 0.035))
    quality = round(100 * rng.uniform(0.3, 0.6) ** amount)
    image = compressed(image, quality) if rng.random() < 0.3 else image
    return image, mask


def drawn_copies(images, count, rng, corrupt=None):
    """Yields `(image, mask, owner)`: drawings of good images.

    Each image is drawn as often as the others, or once more.

    Args:
        images: uint8 `(n, H, W, 3)`.
        count: int, how many drawings.
        rng: `numpy.random.Generator`.
        corrupt: callable that gives an image a defect before, such as
            `kerasad.data.corruption.PatchCorruption`; `mask` tells where it
            is, uint8, and is `None` without.
    """
    order = rng.permutation(len(images))
    for place in range(count):
        owner = order[place % len(order)]
        image, mask = images[owner], None
        if corrupt is not None:
            image, mask = with_defect(image, corrupt, rng)
        yield *under_conditions(image, rng, mask), owner


def first_rows(batches, count):
    """Yields batches of so many rows in all."""
    for batch in batches:
        if count <= 0:
            return
        yield {name: value[:count] for name, value in batch.items()}
        count -= len(batch["owners"])


class Shifted:
    """Good images under other conditions, after normalisation, in batches.

    Drawn anew, and alike, each time that they are asked for: they would take
    more memory than the images. Only the first of them are kept, for whoever
    asks for no more; and of some more, all but the images.

    Args:
        domain: `kerasad.domain.Domain`, fitted.
        images: uint8 `(n, H, W, 3)`, those that the method is fitted to.
        seed: int.
    """

    def __init__(self, domain, images, seed):
        self.normalise = Compiled(domain, partial(normalised, domain))
        self.images = images
        self.seed = seed
        self.count = min(COPIES, EACH * len(images))
        self.kept, self.seen = [], []

    def looks(self, count):
        """Yields dicts as `batches` does, which may lack `images`."""
        count = min(count, self.count)
        known = sum(len(batch["owners"]) for batch in self.seen)
        yield from (
            first_rows(self.seen, count)
            if count <= known
            else self.batches(count)
        )

    def batches(self, count=None, corrupt=None):
        """Yields dicts of numpy arrays, see `normalised`, and `owners`.

        Args:
            count: int, how many copies at most; `None` for all.
            corrupt: what gives each a defect, see `drawn_copies`; they are
                then others than those without.
        """
        count = min(count or self.count, self.count)
        if corrupt is None and count <= BATCH * len(self.kept):
            yield from first_rows(self.kept, count)
            return
        rng = np.random.default_rng([self.seed, 1 if corrupt is None else 2])
        drawn = drawn_copies(self.images, count, rng, corrupt)
        kept, looks = [], []
        for given, owners in ahead(stacked(drawn)):
            found = self.normalise.rows(given, BATCH) | {"owners": owners}
            yield found
            if corrupt is None and len(owners) == BATCH:
                size = sum(value.nbytes for value in found.values())
                if size * (len(kept) + 1) <= KEPT:
                    kept.append(found)
            if corrupt is None and len(looks) * BATCH < LOOKS:
                look = {k: found[k] for k in found if k != "images"}
                looks.append(look)
        self.kept, self.seen = kept or self.kept, looks or self.seen


def stacked(drawn):
    """Yields batches of what `drawn_copies` yields, as `normalised` takes it.

    Returns:
        Pairs of a dict and an array of owners.
    """
    while batch := list(itertools.islice(drawn, BATCH)):
        images, masks, owners = zip(*batch, strict=True)
        given = {"images": np.stack(images).astype("float32") / 255.0}
        if masks[0] is not None:
            given["masks"] = (
                np.stack(masks)[..., None].astype("float32") / 255.0
            )
        yield given, np.array(owners)


def normalised(domain, batch):
    """What a domain makes of images, as if all of them were changed.

    Args:
        domain: `kerasad.domain.Domain`, fitted.
        batch: dict of `images` float32 `(b, H, W, 3)` in `[0, 1]`, and, if
            they have defects, `masks` float32 `(b, H, W, 1)`.

    Returns:
        A dict of `images`, likewise; `seen` bool `(b, H, W)`, `strange`
        float32 `(b, 6)`, see `Domain.novelties`; and the masks, moved along,
        float32 `(b, H, W)` in `[0, 1]`.
    """
    found = domain.estimate(batch["images"])
    normal, seen = domain.normalised(batch["images"], found)
    result = {
        "images": normal,
        "seen": seen[..., 0] > 0.5,
        "strange": found["strange"],
    }
    if "masks" in batch:
        masks, _ = warp(batch["masks"], found["pose"])
        result["masks"] = masks[..., 0]
    return result
