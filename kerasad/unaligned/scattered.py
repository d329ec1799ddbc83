"""Nuts scattered on a belt at random poses, with five kinds of defects.

Lengths are in points, 1/256 of the picture's side.
"""

import functools

import numpy as np
from scipy import ndimage

from kerasad.capsules.render import add_noise
from kerasad.data.drawn import check_arguments
from kerasad.data.drawn import write_category as write
from kerasad.unaligned.changed import changed

DEFECTS = {"chip": 22, "crack": 22, "rust": 22, "scratch": 22, "punched": 22}
COUNT, APART = 7, 54.0  # nuts, and between their centres at least
RADIUS, HOLE = 24.0, 11.0  # to a flat of the hexagon; of the bore
METAL = np.array((158.0, 160.0, 166.0))
BELT = np.array((58.0, 66.0, 62.0))
RUST = np.array((118.0, 74.0, 46.0))
LIGHT = np.array((-0.5, -0.6))  # where it comes from, in the picture


def draw_nuts(rng, size=256, defect=None):
    """Seven nuts, of which one has the defect, and its mask.

    The same `rng` gives the same nuts at any size, and with any defect the
    same nuts as without one.

    Args:
        rng: `numpy.random.Generator`; three children are spawned from it.
        size: int, in pixels. Side of the picture.
        defect: a key of `DEFECTS`, or `None` for good nuts.

    Returns:
        The image, uint8 `(size, size, 3)`, and the mask, bool
        `(size, size)`. Empty for good nuts, never empty for a defect.
    """
    check_arguments(size, defect, DEFECTS)
    nuts_rng, defect_rng, noise_rng = rng.spawn(3)
    scene = sample_scene(nuts_rng)
    picture = render(scene, size, {})
    mask = np.zeros((size, size), bool)
    if defect is not None:
        good = picture
        picture = render(scene, size, sample_flaw(defect_rng, defect))
        mask = changed(good, picture)
    return add_noise(picture, noise_rng), mask


def sample_scene(rng):
    """Places, angles and surfaces of one picture, drawn from `rng`."""
    centres = []
    while len(centres) < COUNT:
        centre = rng.uniform(32, 224, 2)
        if all(np.hypot(*(centre - other)) >= APART for other in centres):
            centres.append(centre)
        elif rng.random() < 0.01:
            centres = []  # no room left: begin anew
    return {
        "centres": centres,
        "angles": rng.uniform(0, 2 * np.pi, COUNT),
        "levels": rng.normal(1.0, 0.03, COUNT),
        "brush": rng.standard_normal((COUNT, 96, 96)),
        "belt": rng.standard_normal((256, 256)),
    }


def sample_flaw(rng, kind):
    """Which nut is damaged and how, drawn from `rng`."""
    return {
        "kind": kind,
        "nut": int(rng.integers(COUNT)),
        "angle": rng.uniform(0, 2 * np.pi),
        "turn": rng.normal(0, 0.6),
        "extent": rng.uniform(0, 1),
        "jags": rng.normal(0, 0.9, 8),
    }


def render(scene, size, flaw):
    """The noise-free picture, float64 `(size, size, 3)`."""
    fine = 2 * size
    y, x = (np.mgrid[:fine, :fine] + 0.5) * 256 / fine
    grain = ndimage.gaussian_filter(scene["belt"], (0.8, 2.0), mode="wrap")
    grain = ndimage.zoom(grain, fine / 256, order=1)
    picture = BELT * (1.0 + 0.10 * grain[..., None])
    for index, (cx, cy) in enumerate(scene["centres"]):
        part = np.s_[
            max(0, int((cy - 31) * fine / 256)) : int((cy + 33) * fine / 256),
            max(0, int((cx - 31) * fine / 256)) : int((cx + 33) * fine / 256),
        ]
        own = flaw if flaw.get("nut") == index else {}
        place = np.stack([x[part] - cx, y[part] - cy])
        picture[part] = paint(picture[part], place, scene, index, own)
    return picture.reshape(size, 2, size, 2, 3).mean(axis=(1, 3))


def paint(ground, place, scene, index, flaw):
    """One nut over its ground; `place` is `(2, h, w)` from its centre."""
    kind, angle = flaw.get("kind"), scene["angles"][index]
    turned = rotate(place, angle)
    flats = [rotate(turned, k * np.pi / 3)[0] for k in range(6)]
    bore = np.hypot(*turned)
    inside = RADIUS - np.max(flats, axis=0)  # from the outline inwards
    if kind:
        u, v = rotate(turned, flaw["angle"])  # outwards through the defect
    if kind == "chip":
        corner = np.hypot(u - RADIUS - 1.5, v)
        inside = np.minimum(inside, corner - 4.5 - 3.0 * flaw["extent"])
    if kind == "punched":  # the bore lies off, or is too wide
        bore = np.hypot(u - 4.0 - 3.0 * flaw["extent"], v)
    depth = np.minimum(inside, bore - HOLE)
    cover = np.clip(2.0 * depth + 0.5, 0, 1)[..., None]

    # A bevel along the outline and the bore takes the light by its slope.
    rise = np.clip(np.minimum(RADIUS * 1.06 - np.hypot(*turned), inside), 0, 4)
    rise = np.minimum(rise, 1.3 * np.clip(bore - HOLE, 0, 3))
    rise = ndimage.gaussian_filter(rise, 1.2)
    step = place[0, 0, 1] - place[0, 0, 0]
    down, right = np.gradient(rise, step)
    shade = 1.0 + 0.32 * (LIGHT[0] * right + LIGHT[1] * down) * -1.0
    brush = scene["brush"][index]
    across = ndimage.gaussian_filter(brush, (0.6, 6.0), mode="wrap")
    at = [t * 1.4 + 48 for t in turned]
    shade += 0.16 * ndimage.map_coordinates(across, at, order=1, mode="wrap")
    thread = np.sin(2.2 * (bore - HOLE)) * np.exp(-((bore - HOLE) ** 2) / 6)
    metal = METAL * (scene["levels"][index] * shade + 0.1 * thread)[..., None]

    if kind == "rust":
        from_middle = np.hypot(u - 17.5, v)
        soft = np.clip((3.0 + 4.0 * flaw["extent"] - from_middle) / 2, 0, 1)
        metal = metal + 0.6 * soft[..., None] * (RUST - metal)
    if kind in ("crack", "scratch"):
        along, off = rotate(np.stack([u - 17.5, v]), flaw["turn"])
        half = (6.0 if kind == "crack" else 5.5) + 3.0 * flaw["extent"]
        if kind == "crack":
            off = off + np.interp(along, np.linspace(-9, 9, 8), flaw["jags"])
        line = np.clip(1.3 - np.abs(off), 0, 1) * (np.abs(along) < half)
        metal = metal * (
            1 + (-0.55 if kind == "crack" else 0.5) * line[..., None]
        )
    shadow = np.clip(inside + 3.0, 0, 4) / 4
    ground = ground * (1.0 - 0.45 * shadow[..., None])
    return ground + cover * (np.clip(metal, 0, 255) - ground)


def rotate(place, angle):
    """Coordinates `(2, ...)` turned by an angle in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack(
        [cos * place[0] + sin * place[1], cos * place[1] - sin * place[0]]
    )


write_category = functools.partial(
    write, draw=draw_nuts, kinds=DEFECTS, what="pictures"
)
