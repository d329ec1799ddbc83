"""Random fields that textures are made of, `(size, size)` in `[0, 1]`."""

import numpy as np
from PIL import Image
from scipy import ndimage


def fractal_noise(rng, size, roughness=None):
    """Noise whose octaves shrink by `roughness`."""
    roughness = rng.uniform(0.4, 0.9) if roughness is None else roughness
    total = np.zeros((size, size), "float32")
    cells, amplitude = 2, 1.0
    while cells <= size:
        grid = rng.standard_normal((cells, cells)).astype("float32")
        octave = Image.fromarray(grid).resize((size, size), Image.BICUBIC)
        total += amplitude * np.asarray(octave)
        cells, amplitude = cells * 2, amplitude * roughness
    return stretch(total)


def streaks(rng, size, width, length):
    """White noise, blurred by `length` along the columns: fibres."""
    noise = rng.standard_normal((size, size))
    noise = ndimage.gaussian_filter(noise, (width, length), mode="wrap")
    return stretch(noise)


def grid(size):
    """Rows and columns from 0 to 1."""
    return np.mgrid[0 : 1 : size * 1j, 0 : 1 : size * 1j]


def stretch(values):
    """Values moved and scaled to span `[0, 1]`."""
    low, high = values.min(), values.max()
    return (values - low) / max(high - low, 1e-6)
