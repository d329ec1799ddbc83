"""Changes of light and colour of uint8 images, as torchvision defines them.

Each step rounds to uint8. Neutral factors change nothing.
"""

import numpy as np
from PIL import Image

LUMA = (0.299, 0.587, 0.114)


def adjust_brightness(image, factor):
    """Blend with black: `factor * image`."""
    return _map_levels(image, factor, 0.0)


def adjust_contrast(image, factor):
    """Blend with the mean grey: `factor * image + (1 - factor) * mean`."""
    # Far faster than the mean of the pixels, and the same.
    counts = np.reshape(Image.fromarray(image).histogram(), (3, 256))
    means = counts @ np.arange(256) / counts[0].sum()
    mean = sum(a * b for a, b in zip(means, LUMA, strict=True))
    return _map_levels(image, factor, (1 - factor) * mean)


def adjust_hue(image, shift):
    """Turn the hue by `shift` of a full circle, in `[-0.5, 0.5]`."""
    turn = round(shift * 256) % 256
    if turn == 0:
        return image
    hue, saturation, value = Image.fromarray(image).convert("HSV").split()
    hue = Image.fromarray(np.asarray(hue) + np.uint8(turn))  # wraps around
    turned = Image.merge("HSV", (hue, saturation, value))
    return np.asarray(turned.convert("RGB"))


def colour_jitter(image, rng, brightness=0.0, contrast=0.0, hue=0.0):
    """Random brightness, contrast and hue, in random order.

    Factors are uniform in `[max(0, 1 - x), 1 + x]`, the shift of the hue in
    `[-hue, hue]`, as in `torchvision.transforms.ColorJitter`.
    """
    steps = (
        (adjust_brightness, _factor(rng, brightness)),
        (adjust_contrast, _factor(rng, contrast)),
        (adjust_hue, rng.uniform(-hue, hue)),
    )
    widths = brightness, contrast, hue
    for k in rng.permutation(len(steps)):
        adjust, amount = steps[k]
        if widths[k] > 0:
            image = adjust(image, amount)
    return image


def gaussian_noise(image, rng, std):
    """Add noise of deviation `std`, in units of the range `[0, 1]`."""
    if std == 0:
        return image
    noisy = rng.standard_normal(image.shape, dtype="float32")
    noisy *= np.float32(255 * std)
    noisy += image
    return np.rint(noisy, out=noisy).clip(0, 255).astype("uint8")


def _factor(rng, width):
    return rng.uniform(max(0.0, 1 - width), 1 + width)


def _map_levels(image, gain, offset):
    levels = np.rint(np.arange(256) * gain + offset)
    return levels.clip(0, 255).astype("uint8").take(image)
