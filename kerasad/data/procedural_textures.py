"""Textures drawn from random numbers alone."""

import numpy as np
from PIL import Image
from scipy import ndimage


def procedural_textures(rng, size=256, copies=3):
    """`copies` of each pattern: a list of uint8 `(size, size, 3)` arrays."""
    images = []
    for _ in range(copies):
        for pattern in PATTERNS:
            levels = pattern(rng, size)
            images.append(_colour(rng, levels))
    return images


def fractal_noise(rng, size, roughness=None):
    """Noise whose octaves shrink by `roughness`, `(size, size)` in `[0, 1]`."""
    roughness = rng.uniform(0.4, 0.9) if roughness is None else roughness
    total = np.zeros((size, size), "float32")
    cells, amplitude = 2, 1.0
    while cells <= size:
        grid = rng.standard_normal((cells, cells)).astype("float32")
        octave = Image.fromarray(grid).resize((size, size), Image.BICUBIC)
        total += amplitude * np.asarray(octave)
        cells, amplitude = cells * 2, amplitude * roughness
    return _stretch(total)


def stripes(rng, size):
    """Parallel waves, some sharp-edged, some bent."""
    rows, columns = _grid(size)
    angle = rng.uniform(0, np.pi)
    along = rows * np.sin(angle) + columns * np.cos(angle)
    bend = rng.uniform(0, 0.15) * fractal_noise(rng, size, 0.4)
    wave = np.sin(2 * np.pi * rng.uniform(4, 40) * (along + bend))
    return _stretch(np.tanh(wave * rng.choice([0.5, 3.0, 20.0])))


def checker(rng, size):
    """Tilted squares, with noise inside."""
    rows, columns = _grid(size)
    angle, cells = rng.uniform(0, np.pi / 2), rng.uniform(4, 32)
    u = rows * np.cos(angle) - columns * np.sin(angle)
    v = rows * np.sin(angle) + columns * np.cos(angle)
    squares = (np.floor(u * cells) + np.floor(v * cells)) % 2
    return _stretch(squares + rng.uniform(0, 1) * fractal_noise(rng, size))


def blobs(rng, size):
    """Patches of two levels with coastline edges."""
    noise = fractal_noise(rng, size, rng.uniform(0.3, 0.6))
    level = np.quantile(noise, rng.uniform(0.3, 0.7))
    return _stretch(np.tanh((noise - level) * rng.choice([8.0, 40.0])))


def cells(rng, size):
    """Distance to the nearest of random points: scales, pebbles, foam."""
    seeds = np.ones((size, size), bool)
    points = rng.integers(size, size=(2, rng.integers(30, 400)))
    seeds[tuple(points)] = False
    distance = ndimage.distance_transform_edt(seeds)
    return _stretch(np.minimum(distance, np.quantile(distance, 0.99)))


def gradient(rng, size):
    """A smooth slope with a little grain."""
    rows, columns = _grid(size)
    angle = rng.uniform(0, 2 * np.pi)
    slope = rows * np.sin(angle) + columns * np.cos(angle)
    return _stretch(slope + rng.uniform(0, 0.2) * fractal_noise(rng, size, 0.9))


def grain(rng, size):
    """White noise, blurred more along one axis: sand, brushed metal."""
    sigma = rng.uniform(0, 1.5), rng.uniform(0, 12)
    noise = ndimage.gaussian_filter(rng.standard_normal((size, size)), sigma)
    noise = _stretch(noise)
    return noise.T if rng.random() < 0.5 else noise


def dots(rng, size):
    """Specks of a few pixels on an even ground."""
    specks = (rng.random((size, size)) < rng.uniform(0.002, 0.02)).astype(float)
    return _stretch(ndimage.gaussian_filter(specks, rng.uniform(0.7, 3.0)))


PATTERNS = (
    fractal_noise,
    stripes,
    checker,
    blobs,
    cells,
    gradient,
    grain,
    dots,
)


def _colour(rng, levels):
    """Map levels in `[0, 1]` to a random ramp through three colours."""
    ramp = rng.random((3, 3))
    ramp[0] *= 0.5  # dark to bright, so that no pattern vanishes
    ramp[2] = 0.5 + 0.5 * ramp[2]
    if rng.random() < 0.3:
        ramp[:] = ramp.mean(axis=1, keepdims=True)  # grey
    stops = [0.0, rng.uniform(0.3, 0.7), 1.0]
    channels = [np.interp(levels, stops, ramp[:, c]) for c in range(3)]
    return (255 * np.stack(channels, axis=-1)).round().astype("uint8")


def _grid(size):
    return np.mgrid[0 : 1 : size * 1j, 0 : 1 : size * 1j].astype("float32")


def _stretch(values):
    low, high = values.min(), values.max()
    return (values - low) / max(high - low, 1e-6)
