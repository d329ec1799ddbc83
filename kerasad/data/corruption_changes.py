"""Kinds of corruption that only rearrange what the image shows.

Signatures as in `kerasad.data.corruption_kinds`.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from kerasad.data.corruption_masks import box_size, elastic_mask, smooth_field


def blur(rng, image, box, source):
    """Details lost to a soft focus or smeared along one axis."""
    height, width = box_size(box)
    here = image[box]
    if rng.random() < 0.5:
        sigma = rng.uniform(1.0, 1.5 + 0.08 * min(height, width))
        content = ndimage.gaussian_filter(
            here, (sigma, sigma, 0), mode="nearest", truncate=2.5
        )
    else:
        axis = int(rng.integers(2))
        length = int(rng.integers(4, 5 + (height, width)[axis] // 2))
        content = ndimage.uniform_filter1d(here, length, axis, mode="nearest")
    return content, elastic_mask(rng, height, width)


def erase(rng, image, box, source):
    """Print or another thin detail gone, or a hole filled from around it."""
    height, width = box_size(box)
    here, shape = image[box], elastic_mask(rng, height, width)
    if rng.random() < 0.7:
        # Opening removes thin bright details and keeps edges, closing dark.
        bright = here.mean() > np.median(here)
        morphology = ndimage.grey_opening if bright else ndimage.grey_closing
        span = int(rng.integers(5, 6 + max(4, min(height, width) // 4)))
        content = morphology(here, (span, span, 1), mode="nearest")
    else:
        content = fill(here, 1.001 - shape)
    # Keep the image's own grain, else the smoothness gives the place away.
    grain = here - ndimage.uniform_filter(here, (5, 5, 1))
    content += grain.clip(-0.015, 0.015)
    return content.clip(0, 1), shape


def deform(rng, image, box, source):
    """The image itself, pushed, pinched, twisted or wobbled."""
    height, width = box_size(box)
    here = image[box]
    rows, columns = np.mgrid[0:height, 0:width].astype("float32")
    v = (rows + 0.5) * 2 / height - 1
    u = (columns + 0.5) * 2 / width - 1
    bump = (1 - u * u) ** 2 * (1 - v * v) ** 2
    strength = rng.uniform(0.12, 0.3) * min(height, width)  # no folds
    mode = rng.integers(4)
    if mode == 0:
        angle = rng.uniform(0, 2 * np.pi)
        down, right = np.sin(angle), np.cos(angle)
    elif mode == 1:
        sign = rng.choice([-1.0, 1.0])
        down, right = 2 * sign * v, 2 * sign * u
    elif mode == 2:
        sign = rng.choice([-1.0, 1.0])
        down, right = 2 * sign * u, -2 * sign * v
    else:
        down = 0.7 * smooth_field(rng, height, width, 6)
        right = 0.7 * smooth_field(rng, height, width, 6)
    push = (strength * bump).astype("float32")
    at = [rows + push * down, columns + push * right]
    content = np.empty_like(here)
    for c in range(3):
        ndimage.map_coordinates(
            here[..., c], at, content[..., c], order=1, mode="nearest"
        )
    return content, np.ones((height, width), "float32")


def fill(here, known):
    """Average of the known pixels around, by normalised convolution."""
    height, width = known.shape
    small = min(24, width), min(24, height)
    sigma = 0.2 * small[1], 0.2 * small[0]

    def spread(values):
        reduced = Image.fromarray(values).resize(small, Image.Resampling.BOX)
        return ndimage.gaussian_filter(reduced, sigma, mode="nearest")

    weight = spread(known)
    channels = []
    for c in range(3):
        mean = Image.fromarray(spread(here[..., c] * known) / weight)
        full = mean.resize((width, height), Image.Resampling.BICUBIC)
        channels.append(np.asarray(full))
    return np.stack(channels, axis=-1)
