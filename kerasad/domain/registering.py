"""What a `Registration` learns, and whether one helps: from good images."""

from functools import partial

import numpy as np
from PIL import Image

from kerasad.data.alignment import share_of_images
from kerasad.data.median import median_image
from kerasad.domain.domain import grid_sides
from kerasad.domain.learning import BATCH, collected
from kerasad.domain.registration import Registration
from kerasad.layers.compiled import Compiled
from kerasad.stored import gathered

# Share of the variance at one place, see `kerasad.data.alignment`, from which
# on it is tried, and how much of it may be left. Capsules that are turned by up
# to 10 degrees either way have 0.26, up to 20 degrees 0.37, by any angle 0.7.
UNLIKE, LEFT = 0.3, 0.5
SEEN = 128  # pixels along a side that tell the share
# Correlation with the template from which on images show one part at other
# angles: capsules turned at random 0.99, scattered nuts 0.5, cloth 0.2.
ONE_PART = 0.8
IMAGES = 48  # at most, that the template is made of
REFERENCES = 6  # of them, tried as the first template
ROUNDS = 3  # of the template, each of what the one before brought in line
ROOT = 112  # pixels: of the area in which the poses are found


def registered(images, say):
    """A `Registration`, where parts move and it makes them lie still.

    Args:
        images: uint8 `(n, *size, 3)`, good images.
        say: called with one line of commentary at a time.

    Returns:
        The layer, or `None`; and plain facts, or `None` where parts lie
        still as they are: `share`, of the variance at one place, `match`,
        the median correlation with the template, and `helps`.
    """
    share = share_of(images)
    if share < UNLIKE:
        return None, None
    chosen = images[:: -(-len(images) // IMAGES)]
    size = images.shape[1:3]
    small = Registration(min(size, grid_sides(size, ROOT)))
    match = fit_template(small, resized(chosen, small.size))
    found = {"share": share, "match": match, "helps": False}
    if match < ONE_PART:
        return None, found
    layer = Registration(size)
    layer.build()
    first = np.rint(255.0 * np.asarray(small.template)).astype("uint8")
    layer.set_template(resized(first[None], layer.size)[0])
    (straight,) = straightened(layer, chosen)
    layer.set_template(median_image(straight))
    found["helps"] = share_of(straight) < LEFT * share
    if not found["helps"]:
        return None, found
    say(
        f"parts lie at any angle and agree by {match:.3f} once they are "
        "turned alike: each image is, before anything looks at it"
    )
    return layer, found


def share_of(images) -> float:
    """`share_of_images` of some of the pixels of large ones."""
    step = max(1, min(images.shape[1:3]) // SEEN)
    return share_of_images(images[:, ::step, ::step])


def resized(images, size):
    """uint8 images `(n, H, W, 3)` at another size."""
    return np.stack(
        [
            np.asarray(Image.fromarray(image).resize(size[::-1]))
            for image in images
        ]
    )


def fit_template(layer, images) -> float:
    """Makes the template, beginning with the image that suits the others best.

    Args:
        layer: `Registration`, which is changed.
        images: uint8 `(n, *size, 3)`, a few good images.

    Returns:
        The median correlation of the images with it.
    """
    layer.build()
    program = Compiled(layer, partial(brought, layer))
    best = None
    for reference in images[:: -(-len(images) // REFERENCES)]:
        layer.set_template(reference)
        found = collected(program, images)
        if best is None or agreement(found) > agreement(best):
            best = found
    for _ in range(ROUNDS):
        layer.set_template(median_image(as_bytes(best["images"])))
        best = collected(program, images)
    return agreement(best)


def agreement(found) -> float:
    """The median correlation with the template."""
    return float(np.median(found["match"]))


def brought(layer, images) -> dict:
    """What is learnt from of what the layer tells."""
    found = layer(images)
    return {key: found[key] for key in ("images", "match")}


def straightened(layer, *sets):
    """Each of several sets of images as a `Registration` brings them.

    Args:
        layer: `Registration`.
        sets: uint8 `(n, *size, 3)`.

    Returns:
        A list of likewise.
    """
    program = Compiled(layer, partial(brought, layer))

    def each(images):
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH]
            yield from as_bytes(collected(program, batch)["images"])

    return [gathered(images.shape, each(images)) for images in sets]


def as_bytes(images):
    """Images in `[0, 1]` as uint8."""
    return np.rint(255.0 * images.clip(0.0, 1.0)).astype("uint8")
