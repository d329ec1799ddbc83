"""Named domain shifts of test images, for evaluation only.

Every shift is a function `(image, mask, rng, severity) -> (image, mask)`:
`image` uint8 `(height, width, 3)`, `mask` bool `(height, width)` or `None`,
which moves with the image. Severity 0 changes nothing, 1 is the paper's
size, more is more. numpy and PIL only, so the bytes do not depend on the
Keras backend.

Reference: section 4.7, table 2.
"""

import difflib

import numpy as np
from PIL import Image, ImageFilter

from kerasad.data.affine import affine, lower_resolution
from kerasad.data.colour_jitter import colour_jitter, gaussian_noise
from kerasad.data.compression import compressed
from kerasad.errors import InputError
from kerasad.sides import mean_side

FILL = 200  # table 2: grey level of what comes from outside the image


def apply_shift(name, image, mask, seed, index, severity=1.0):
    """Shift image number `index` of a test set: pure in `(seed, index)`.

    Args:
        name: key of `SHIFTS`.
        image: uint8 array, `(height, width, 3)`.
        mask: bool array `(height, width)`, or `None`.
        seed: int.
        index: int, position of the image in the test set.
        severity: float, 0 to 2.

    Returns:
        `(image, mask)`, of the same shapes and types. A zoom may move the
        whole defect out of the picture: then the mask is empty.

    Raises:
        InputError: no such shift, or a severity out of range.
    """
    if name not in SHIFTS:
        nearest = difflib.get_close_matches(name, SHIFTS, 1, 0.0)[0]
        raise InputError(
            f"No shift is called {name!r}; did you mean {nearest!r}? There "
            f"are {', '.join(SHIFTS)}"
        )
    if not 0 <= severity <= 2:
        raise InputError(
            f"The severity of a shift must be in [0, 2]. Received: {severity}"
        )
    rng = np.random.default_rng([seed, index])
    return SHIFTS[name](image, mask, rng, severity)


def shift_all(name, images, masks, seed, indices, severity=1.0):
    """`apply_shift` of a whole set.

    Args:
        images: uint8 array, `(n, height, width, 3)`.
        masks: bool array, `(n, height, width)`.
        indices: of each image, its position in the test set.

    Returns:
        `(images, masks, gone)`, new arrays; `gone` bool `(n,)`, whose whole
        defect left the picture.
    """
    images, before = images.copy(), masks
    masks = masks.copy()
    for row, index in enumerate(indices):
        images[row], masks[row] = apply_shift(
            name, images[row], masks[row], seed, index, severity
        )
    gone = before.any(axis=(1, 2)) & ~masks.any(axis=(1, 2))
    return images, masks, gone


def paper(image, mask, rng, severity=1.0):
    """All of table 2 in its order: pose, resolution, light, noise.

    Deviations: the table leaves open how the enlarged image gets back to its
    size; we crop the centre, so all images are magnified, 1.3 to 1.43 times.
    Enlarging and the affine map are one bilinear step, where torchvision
    interpolates twice and, unless told otherwise, takes the nearest pixel.
    """
    image, mask = _move(
        image,
        mask,
        angle=_around_0(rng, 5.0 * severity),
        scale=_zoom(rng, severity),
    )
    for change in (resolution, _jitter, noise):
        image, mask = change(image, mask, rng, severity)
    return image, mask


def rotation(image, mask, rng, severity=1.0):
    """Table 2: up to 5 degrees either way, corners filled with grey 200."""
    return _move(image, mask, angle=_around_0(rng, 5.0 * severity))


def zoom(image, mask, rng, severity=1.0):
    """Table 2: enlarged by 1.3, then by 1 to 1.1; the centre is kept."""
    return _move(image, mask, scale=_zoom(rng, severity))


def translation(image, mask, rng, severity=1.0):
    """Ours: up to 5 % of the side along each axis, filled with grey 200."""
    sides = np.array(image.shape[:2])
    shift = [_around_0(rng, 0.05 * severity * side) for side in sides]
    return _move(image, mask, shift=shift)


def resolution(image, mask, rng, severity=1.0):
    """Table 2: down to between 0.5 and 1 of the size, then back."""
    return lower_resolution(image, rng.uniform(0.5**severity, 1.0)), mask


def brightness(image, mask, rng, severity=1.0):
    """Table 2: factor 0.7 to 1.3."""
    return colour_jitter(image, rng, brightness=0.3 * severity), mask


def contrast(image, mask, rng, severity=1.0):
    """Table 2: factor 0.7 to 1.3 on the distance from the mean grey."""
    return colour_jitter(image, rng, contrast=0.3 * severity), mask


def noise(image, mask, rng, severity=1.0):
    """Table 2: Gaussian, deviation 0.03 of the range."""
    return gaussian_noise(image, rng, 0.03 * severity), mask


def blur(image, mask, rng, severity=1.0):
    """Ours: Gaussian, 0.5 to 1.5 pixels wide at 256 pixels."""
    radius = severity * rng.uniform(0.5, 1.5) * mean_side(image.shape) / 256
    if radius == 0:
        return image, mask
    soft = Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(soft), mask


def jpeg(image, mask, rng, severity=1.0):
    """Ours: written and read as JPEG of quality 30 to 60."""
    if severity == 0:
        return image, mask
    quality = max(1, round(100 * rng.uniform(0.3, 0.6) ** severity))
    return compressed(image, quality), mask


def colour_cast(image, mask, rng, severity=1.0):
    """Ours: each channel times its own factor, 0.9 to 1.1."""
    gains = 1 + rng.uniform(-0.1, 0.1, 3) * severity
    return np.rint(image * gains).clip(0, 255).astype("uint8"), mask


SHIFTS = {
    "paper": paper,
    "rotation": rotation,
    "zoom": zoom,
    "translation": translation,
    "resolution": resolution,
    "brightness": brightness,
    "contrast": contrast,
    "noise": noise,
    "blur": blur,
    "jpeg": jpeg,
    "colour_cast": colour_cast,
}


def _jitter(image, mask, rng, severity):
    amount = 0.3 * severity
    return colour_jitter(image, rng, amount, amount), mask


def _move(image, mask, **pose):
    moved = affine(image, **pose, fill=FILL)
    return moved, None if mask is None else affine(mask, **pose, fill=0)


def _around_0(rng, limit):
    return rng.uniform(-limit, limit)


def _zoom(rng, severity):
    return (1 + 0.3 * severity) * rng.uniform(1.0, 1 + 0.1 * severity)
