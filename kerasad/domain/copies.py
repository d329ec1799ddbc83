"""Good images under other conditions, to learn what those look like."""

import io
import itertools

import numpy as np
from keras import ops
from PIL import Image, ImageFilter

from kerasad.data.affine import affine, lower_resolution
from kerasad.data.colour_jitter import colour_jitter, gaussian_noise
from kerasad.domain.learning import BATCH, host
from kerasad.sides import mean_side

COPIES = 600  # at most, to learn from
EACH = 20  # at most, of one image
# Likelihoods that each of the changes takes part: one at a time, all at once.
LIKELY = (0.5, 1.0)


def under_conditions(image, rng):
    """A uint8 image as another camera, mount and lamp may show it.

    Drawn anew with each call: how much changes at all, which of pose,
    sharpness, light, noise and compression take part, and by how much. As
    wide as table 2 of the paper at severity 1, and a little wider.

    Args:
        image: uint8 array `(height, width, 3)`; not modified.
        rng: `numpy.random.Generator`.
    """
    amount = rng.uniform(0.2, 1.2)
    likely = float(rng.choice(LIKELY))

    def drawn(low, high):
        takes_part = rng.random() < likely
        return amount * rng.uniform(low, high) * takes_part

    # What comes from outside is mirrored, as nothing is known of it.
    image = affine(
        image,
        angle=drawn(-5.0, 5.0),
        scale=np.exp(drawn(-0.1, 0.36)),
        shift=[drawn(-0.05, 0.05) * side for side in image.shape[:2]],
    )
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
    return compressed(image, quality) if rng.random() < 0.3 else image


def compressed(image, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def drawn_copies(images, count, rng):
    """Yields `count` drawings of good images, and which image each shows.

    Each image is drawn as often as the others, or once more.
    """
    order = rng.permutation(len(images))
    for place in range(count):
        owner = order[place % len(order)]
        yield under_conditions(images[owner], rng), owner


def copies(images, count, rng):
    """Those of `drawn_copies` together.

    Args:
        images: uint8 `(n, H, W, 3)`.

    Returns:
        uint8 `(count, H, W, 3)` and ints `(count,)`.
    """
    drawn, owners = zip(*drawn_copies(images, count, rng), strict=True)
    return np.stack(drawn), np.array(owners)


class Shifted:
    """Good images under other conditions, after normalisation, in batches.

    Drawn anew, and alike, each time that they are asked for: they would take
    more memory than the images.

    Args:
        domain: `kerasad.domain.Domain`, fitted.
        images: uint8 `(n, H, W, 3)`, those that the method is fitted to.
        seed: int.
    """

    def __init__(self, domain, images, seed):
        self.domain = domain
        self.images = images
        self.seed = seed
        self.count = min(COPIES, EACH * len(images))

    def batches(self, count=None):
        """Yields dicts of numpy arrays, see `normalised_batch`.

        Args:
            count: int, how many copies at most; `None` for all.
        """
        rng = np.random.default_rng([self.seed, 1])
        count = min(count or self.count, self.count)
        drawn = (image for image, _ in drawn_copies(self.images, count, rng))
        while batch := list(itertools.islice(drawn, BATCH)):
            yield normalised_batch(self.domain, np.stack(batch))


def normalised_batch(domain, images):
    """What a domain makes of uint8 images, as if all of them were changed.

    Returns:
        A dict of `images` float32 `(b, H, W, 3)`, `seen` bool `(b, H, W)` and
        `strange` float32 `(b, 6)`, see `Domain.novelties`.
    """
    floats = ops.convert_to_tensor(images.astype("float32") / 255.0)
    found = domain.estimate(floats)
    normal, seen = domain.normalised(floats, found)
    return {
        "images": host(normal),
        "seen": host(seen)[..., 0] > 0.5,
        "strange": host(found["strange"]),
    }
