"""Changes of normal images that leave them normal, for training."""

from dataclasses import dataclass

from kerasad.data.affine import affine, lower_resolution
from kerasad.data.colour_jitter import colour_jitter, gaussian_noise
from kerasad.data.jitter import Jitter
from kerasad.settings import Settings, key

# Table 3. Model II was trained with rotation besides (table 1).
AUGMENTATIONS = {
    "none": {},
    "rotation": {"rotation": 5.0},
    "augmentation-1": {"colour": (0.15, 0.15, 0.05), "noise": 0.01},
    "augmentation-2": {
        "colour": (0.15, 0.15, 0.05),
        "noise": 0.01,
        "resolution": 0.8,
    },
    # Ours: about as wide as the shift of table 2, for `robust`.
    "wide": {
        "rotation": 5.0,
        "translation": 8.0,
        "scale": (0.95, 1.4),
        "colour": (0.3, 0.3, 0.0),
        "noise": 0.03,
        "resolution": 0.5,
    },
}


@dataclass(frozen=True)
class AugmentationSettings(Settings):
    """Keys of what is done to each training image."""

    augmentation: str = key("none", choices=tuple(AUGMENTATIONS))
    rotation: float = key(0.0, 0, 180)  # degrees either way
    jitter: int = key(5, 0)  # pixels that an image moves by, at most
    light: float = key(0.04, 0, 1)  # by which its gains vary


def augmentation_of(settings):
    """`(image, rng) -> image` of `AugmentationSettings`, `None` for nothing."""
    arguments = dict(AUGMENTATIONS[settings.augmentation])
    if settings.rotation > 0:  # added to, or instead of, that of the name
        arguments["rotation"] = settings.rotation
    steps = [Augmentation(**arguments)] if arguments else []
    if settings.jitter or settings.light:
        steps.append(Jitter(settings.jitter, settings.light))
    if not steps:
        return None

    def augment(image, rng):
        for step in steps:
            image = step(image, rng)
        return image

    return augment


class Augmentation:
    """Random pose, resolution, light and noise, in this order.

    By default nothing happens.

    Args:
        rotation: float, in degrees. Turns by up to it either way. What comes
            from outside the image is mirrored at its border.
        translation: float, in pixels. Shifts by up to it along each axis.
        scale: pair of floats around 1. Range of the magnification.
        resolution: float in `(0, 1]`. Scales down to between it and 1, then
            back.
        colour: triple of floats: brightness, contrast and hue as in
            `kerasad.data.colour_jitter.colour_jitter`.
        noise: float, in units of the range `[0, 1]`. Deviation of additive
            Gaussian noise.

    Call arguments:
        image: uint8 array `(height, width, 3)`; not modified.
        rng: `numpy.random.Generator`, the only source of randomness.

    Returns:
        A uint8 array of the shape of `image`.

    Reference:

    - Table 3. The range of rotations is not given there: 5 degrees are those
      of the test-time shift of table 2.
    """

    def __init__(
        self,
        rotation=0.0,
        translation=0.0,
        scale=(1.0, 1.0),
        resolution=1.0,
        colour=(0.0, 0.0, 0.0),
        noise=0.0,
    ):
        if not 0 < resolution <= 1:
            raise ValueError(
                "Argument `resolution` must be in `(0, 1]`. Received: "
                f"resolution={resolution}"
            )
        if min(rotation, translation, noise, *colour) < 0:
            raise ValueError(
                "Arguments `rotation`, `translation`, `colour` and `noise` "
                f"must be at least 0. Received: rotation={rotation}, "
                f"translation={translation}, colour={colour}, noise={noise}"
            )
        self.rotation = rotation
        self.translation = translation
        self.scale = scale
        self.resolution = resolution
        self.colour = colour
        self.noise = noise

    def __call__(self, image, rng):
        """A changed copy of a uint8 image `(H, W, 3)`."""
        image = affine(
            image,
            angle=rng.uniform(-self.rotation, self.rotation),
            scale=rng.uniform(*self.scale),
            shift=rng.uniform(-self.translation, self.translation, 2),
        )
        image = lower_resolution(image, rng.uniform(self.resolution, 1.0))
        image = colour_jitter(image, rng, *self.colour)
        return gaussian_noise(image, rng, self.noise)
