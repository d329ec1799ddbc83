"""Drawn materials: what stone, cloth, wood and the like look like.

Every function in `MATERIALS` takes `(rng, size)` and returns a float array
`(size, size)` in `[0, 1]`, dark to bright.
"""

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from kerasad.data.noise import fractal_noise, grid, streaks, stretch


def wood(rng, size):
    """Year rings of a board cut lengthwise, with fibres and pores."""
    rows, columns = grid(size)
    bend = rng.uniform(0.03, 0.15) * fractal_noise(rng, size, 0.45)
    across = rows - rng.uniform(-0.5, 1.5) + bend
    along = (columns - rng.uniform(0, 1)) * rng.uniform(0.1, 0.5)
    ring = np.hypot(across, along) * rng.uniform(8, 25) % 1
    fibres = streaks(rng, size, 0.6, 12)
    pores = streaks(rng, size, 0.4, 5) > 0.8
    return stretch(ring**1.5 + 0.6 * fibres - 0.4 * pores)


def weave(rng, size):
    """Threads over and under each other."""
    cells = rng.uniform(12, 40)
    u, v = turned(rng, size, cells, wobble=0.2)
    over = (np.floor(u) + np.floor(v)) % 2 == 0
    warp = np.sin(np.pi * (u % 1)) * (0.6 + 0.4 * np.sin(np.pi * (v % 1)))
    weft = np.sin(np.pi * (v % 1)) * (0.6 + 0.4 * np.sin(np.pi * (u % 1)))
    shade = rng.uniform(0.6, 1.0, (2, 64))
    warp = warp * shade[0][np.floor(u).astype(int) % 64]
    weft = weft * shade[1][np.floor(v).astype(int) % 64] * rng.uniform(0.5, 1)
    return stretch(np.where(over, warp, weft) + 0.15 * fibre(rng, size))


def knit(rng, size):
    """Columns of stitches, each a V."""
    u, v = turned(rng, size, rng.uniform(8, 20), wobble=0.3)
    arm = abs(u % 1 - 0.5)
    yarn = np.sin(np.pi * ((1.6 * v + 1.2 * arm) % 1))
    yarn *= np.sin(np.pi * np.clip(2 * arm, 0.08, 0.92))
    return stretch(yarn + 0.25 * fibre(rng, size))


def mud(rng, size):
    """Dried plates with cracks between them."""
    near, far, tone = plates(rng, size, rng.integers(15, 90), 0.06)
    edge = np.clip((far - near) * rng.uniform(15, 40), 0, 1)
    face = lit(rng, np.sqrt(edge) * 4 + 3 * fractal_noise(rng, size, 0.6))
    return stretch(edge * (face + 0.3 * tone))


def leather(rng, size):
    """Small soft cushions."""
    near, far, _ = plates(rng, size, rng.integers(300, 1200), 0.03)
    cushion = np.clip((far - near) / far, 0, 0.5)
    return lit(rng, 8 * cushion + 3 * fractal_noise(rng, size, 0.5))


def gravel(rng, size):
    """Round stones of many shades, lit from one side."""
    near, far, tone = plates(rng, size, rng.integers(80, 600), 0.02)
    dome = np.sqrt(np.clip(1 - (near / far) ** 2, 0, 1))
    rough = 2 * fractal_noise(rng, size, 0.8)
    shade = np.sqrt(dome) * (0.3 + 0.7 * tone)
    return stretch(shade * (0.3 + lit(rng, 8 * dome + rough)))


def terrazzo(rng, size):
    """Angular chips in a ground of fine grain."""
    near, far, tone = plates(rng, size, rng.integers(150, 700), 0.01)
    is_chip = (tone > rng.uniform(0.2, 0.6)) & (far - near > 0.006)
    ground = rng.uniform(0.2, 0.8) + 0.2 * fibre(rng, size)
    return stretch(np.where(is_chip, tone, ground))


def marble(rng, size):
    """Thin veins that part and meet in a cloudy stone."""
    veins = sum(
        (1 - abs(2 * fractal_noise(rng, size, 0.55) - 1)) ** power
        for power in rng.uniform(8, 40, 2)
    )
    return stretch(fractal_noise(rng, size, 0.5) - rng.uniform(0.5, 1) * veins)


def scales(rng, size):
    """Rows of round scales, each over the one before."""
    u, v = turned(rng, size, rng.uniform(7, 24), wobble=0.3)
    levels = np.zeros((size, size))
    for back in (1, 0):
        row = np.floor(v) - back
        away = np.hypot((u + row % 2 / 2) % 1 - 0.5, (v - row) * 0.62)
        levels = np.where(away < 0.62, 1.1 - away * 1.5, levels)
    return stretch(levels + 0.3 * fractal_noise(rng, size, 0.8))


def bricks(rng, size):
    """A wall: mortar, and bricks of different shades."""
    u, v = turned(rng, size, rng.uniform(5, 14), wobble=0.03)
    u = u / 2 + np.floor(v) % 2 / 2
    joint = rng.uniform(0.05, 0.15)
    is_brick = ((u % 1) > joint / 2) & ((v % 1) > joint)
    number = (np.floor(u) * 7 + np.floor(v) * 31).astype(int) % 97
    shade = rng.uniform(0.0, 0.6, 97)[number]
    rough = lit(rng, 8 * is_brick + 8 * fractal_noise(rng, size, 0.8))
    return stretch(np.where(is_brick, shade, rng.uniform(0.5, 1)) + rough)


def fur(rng, size):
    """Hairs that follow a slow flow."""
    rows, columns = grid(size)
    flow = rng.uniform(0.1, 0.4) * fractal_noise(rng, size, 0.35)
    hairs = streaks(rng, size, 0.7, rng.uniform(6, 20))
    at = np.stack([rows + flow, columns]) * (size - 1)
    hairs = ndimage.map_coordinates(hairs, at, order=1, mode="grid-wrap")
    return stretch(hairs * (0.5 + fractal_noise(rng, size, 0.5)))


def rust(rng, size):
    """Blistered patches that eat into a smooth sheet."""
    patch = fractal_noise(rng, size, 0.65)
    eaten = np.clip((patch - rng.uniform(0.35, 0.6)) * 12, 0, 1)
    blisters = lit(rng, 20 * fractal_noise(rng, size, 0.9))
    sheet = 0.9 + 0.1 * streaks(rng, size, 0.5, 20)
    return stretch(sheet * (1 - eaten) + eaten * 0.7 * blisters)


def hammered(rng, size):
    """A sheet with the round marks of a hammer."""
    near, far, _ = plates(rng, size, rng.integers(60, 400), 0.01)
    return lit(rng, -12 * (near / far) ** 2 + fractal_noise(rng, size, 0.9))


def lettering(rng, size):
    """Lines of dark signs in words, as on a printed page."""
    scale = max(1, size // int(rng.integers(64, 160)))
    side = -(-size // scale)
    pixels = rng.random((side, side)) < 0.55
    rows, columns = np.indices((side, side))
    words = rng.random((side // 8 + 1, side // 4 + 1)) < 0.8
    is_sign = (rows % 8 < 5) & (columns % 4 < 3) & pixels
    is_sign &= words[rows // 8, columns // 4]
    page = np.kron(is_sign, np.ones((scale, scale)))[:size, :size]
    page = ndimage.gaussian_filter(page, 0.35 * scale)
    return stretch(0.2 * fractal_noise(rng, size, 0.7) - page)


def foam(rng, size):
    """Bubbles of all sizes with bright walls."""
    near, far, tone = plates(rng, size, rng.integers(60, 500), 0.0, 2.5)
    wall = np.exp(-(far - near) * rng.uniform(60, 150))
    return stretch(wall + 0.4 * tone * near / far)


MATERIALS = (
    wood, weave, knit, mud, leather, gravel, terrazzo, marble, scales, bricks,
    fur, rust, hammered, lettering, foam,
)  # fmt: skip


def turned(rng, size, cells, wobble):
    """Two coordinates that count `cells` along a side, turned and bent."""
    rows, columns = grid(size)
    angle = rng.uniform(0, np.pi)
    bend = wobble * fractal_noise(rng, size, 0.4)
    u = (rows * np.cos(angle) - columns * np.sin(angle)) * cells + bend
    v = (rows * np.sin(angle) + columns * np.cos(angle)) * cells - bend
    return u, v


def plates(rng, size, count, bend, spread=1.0):
    """Voronoi cells: distances to the two nearest points, a tone a cell."""
    points = rng.random((count, 2)) ** (1, spread)
    at = np.stack(grid(size), axis=-1)
    at = at + bend * (fractal_noise(rng, size, 0.6)[..., None] - 0.5)
    distances, nearest = cKDTree(points).query(at, k=2)
    tone = rng.random(count)[nearest[..., 0]]
    return distances[..., 0], np.maximum(distances[..., 1], 1e-9), tone


def lit(rng, height):
    """A relief `height`, in pixels, under a lamp from a random side."""
    down, right = np.gradient(height * len(height) / 256)
    angle = rng.uniform(0, 2 * np.pi)
    slope = down * np.sin(angle) + right * np.cos(angle)
    return 0.5 + 0.5 * slope / np.sqrt(1 + down**2 + right**2)


def fibre(rng, size):
    """Streaks, fine along one side."""
    return streaks(rng, size, 0.5, 1.5)
