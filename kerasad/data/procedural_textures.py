"""Textures drawn from random numbers alone."""

import numpy as np
from scipy import ndimage

from kerasad.data.materials import MATERIALS
from kerasad.data.noise import fractal_noise, grid, streaks, stretch


def procedural_textures(rng, size=256, copies=2):
    """`copies` of each pattern: a list of uint8 `(size, size, 3)` arrays."""
    return [
        _colour(rng, pattern(rng, size))
        for _ in range(copies)
        for pattern in (*PATTERNS, *MATERIALS)
    ]


def stripes(rng, size):
    """Parallel waves, some sharp-edged, some bent."""
    rows, columns = grid(size)
    angle = rng.uniform(0, np.pi)
    along = rows * np.sin(angle) + columns * np.cos(angle)
    bend = rng.uniform(0, 0.15) * fractal_noise(rng, size, 0.4)
    wave = np.sin(2 * np.pi * rng.uniform(4, 40) * (along + bend))
    return stretch(np.tanh(wave * rng.choice([0.5, 3.0, 20.0])))


def checker(rng, size):
    """Tilted squares, with noise inside."""
    rows, columns = grid(size)
    angle, cells = rng.uniform(0, np.pi / 2), rng.uniform(4, 32)
    u = rows * np.cos(angle) - columns * np.sin(angle)
    v = rows * np.sin(angle) + columns * np.cos(angle)
    squares = (np.floor(u * cells) + np.floor(v * cells)) % 2
    return stretch(squares + rng.uniform(0, 1) * fractal_noise(rng, size))


def blobs(rng, size):
    """Patches of two levels with coastline edges."""
    noise = fractal_noise(rng, size, rng.uniform(0.3, 0.6))
    level = np.quantile(noise, rng.uniform(0.3, 0.7))
    return stretch(np.tanh((noise - level) * rng.choice([8.0, 40.0])))


def cells(rng, size):
    """Distance to the nearest of random points: scales, pebbles, foam."""
    seeds = np.ones((size, size), bool)
    points = rng.integers(size, size=(2, rng.integers(30, 400)))
    seeds[tuple(points)] = False
    distance = ndimage.distance_transform_edt(seeds)
    return stretch(np.minimum(distance, np.quantile(distance, 0.99)))


def gradient(rng, size):
    """A smooth slope with a little grain."""
    rows, columns = grid(size)
    angle = rng.uniform(0, 2 * np.pi)
    slope = rows * np.sin(angle) + columns * np.cos(angle)
    return stretch(slope + rng.uniform(0, 0.2) * fractal_noise(rng, size, 0.9))


def grain(rng, size):
    """White noise, blurred more along one axis: sand, brushed metal."""
    noise = streaks(rng, size, rng.uniform(0, 1.5), rng.uniform(0, 12))
    return noise.T if rng.random() < 0.5 else noise


def dots(rng, size):
    """Specks of a few pixels on an even ground."""
    specks = (rng.random((size, size)) < rng.uniform(0.002, 0.02)).astype(float)
    return stretch(ndimage.gaussian_filter(specks, rng.uniform(0.7, 3.0)))


PATTERNS = (
    fractal_noise, stripes, checker, blobs, cells, gradient, grain, dots,
)  # fmt: skip


def _colour(rng, levels):
    """Map levels in `[0, 1]` to ramps through three colours.

    Two of them share the picture as clouds do the sky, for few materials
    have one hue all over.
    """
    share = rng.uniform(0, 1) * fractal_noise(rng, len(levels), 0.6)
    ramps = rng.random((2, 3, 3))
    ramps[1] += rng.uniform(0.3, 1) * (ramps[0] - ramps[1])
    ramps[:, 0] *= 0.5  # dark to bright, so that no pattern vanishes
    ramps[:, 2] = 0.5 + 0.5 * ramps[:, 2]
    saturation = rng.choice([0.0, 0.3, 1.0], p=[0.25, 0.45, 0.3])
    grey = ramps.mean(axis=-1, keepdims=True)
    ramps = grey + saturation * (ramps - grey)
    stops = [0.0, rng.uniform(0.3, 0.7), 1.0]
    one, other = (
        np.stack([np.interp(levels, stops, c) for c in ramp.T], axis=-1)
        for ramp in ramps
    )
    colours = one + share[..., None] * (other - one)
    return (255 * colours).round().astype("uint8")
