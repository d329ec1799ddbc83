"""Woven cloth, turned and moved in each picture, with five kinds of flaws.

Lengths are in points, 1/256 of the picture's side.
"""

import functools

import numpy as np
from scipy import ndimage

from kerasad.capsules.render import add_noise
from kerasad.data.drawn import check_arguments
from kerasad.data.drawn import write_category as write
from kerasad.unaligned.changed import changed

DEFECTS = {
    "broken_thread": 22,
    "thick_thread": 22,
    "hole": 22,
    "misweave": 22,
    "stain": 22,
}
PITCH = 8.0  # points from thread to thread
THREADS = 64  # of each direction; a picture shows about half of them
WARP = np.array((176.0, 170.0, 158.0))
WEFT = np.array((120.0, 134.0, 152.0))
GAP = np.array((38.0, 38.0, 42.0))  # what is seen between threads


def draw_cloth(rng, size=256, defect=None):
    """One piece of cloth and the mask of its flaw.

    The same `rng` gives the same cloth at any size, and with any flaw the
    same cloth as without one.

    Args:
        rng: `numpy.random.Generator`; three children are spawned from it.
        size: int, in pixels. Side of the picture.
        defect: a key of `DEFECTS`, or `None` for good cloth.

    Returns:
        The image, uint8 `(size, size, 3)`, and the mask, bool
        `(size, size)`. Empty for good cloth, never empty for a flaw.
    """
    check_arguments(size, defect, DEFECTS)
    cloth_rng, defect_rng, noise_rng = rng.spawn(3)
    cloth = sample_cloth(cloth_rng)
    picture = render(cloth, size, {})
    mask = np.zeros((size, size), bool)
    if defect is not None:
        good = picture
        picture = render(cloth, size, sample_flaw(defect_rng, defect))
        mask = changed(good, picture, reach=3)
    return add_noise(picture, noise_rng), mask


def sample_cloth(rng):
    """Pose, light, and what differs from thread to thread."""
    return {
        "angle": rng.uniform(0, 2 * np.pi),
        "phase": rng.uniform(0, PITCH, 2),
        "level": rng.normal(1.0, 0.035, (2, THREADS)),
        "width": rng.normal(0.40, 0.012, (2, THREADS)),
        "bend": rng.normal(0, 0.25, (2, THREADS)),
        "slope": rng.normal(0, 0.03, 2),
        "fibre": rng.standard_normal((2, 512, 512)),
    }


def sample_flaw(rng, kind):
    """Where, how long and how strong; in points and threads."""
    return {
        "kind": kind,
        "at": rng.uniform(-80, 80, 2),
        "length": rng.uniform(10, 34),
        "radius": rng.uniform(5, 12),
        "direction": int(rng.integers(2)),
        "strength": rng.uniform(0.5, 1.0),
        "tint": rng.uniform(-1, 1, 3),
    }


def render(cloth, size, flaw):
    """The noise-free picture, float64 `(size, size, 3)`."""
    fine = 2 * size
    step = 256 / fine
    y, x = (np.mgrid[:fine, :fine] + 0.5) * step - 128
    cos, sin = np.cos(cloth["angle"]), np.sin(cloth["angle"])
    place = np.stack([cos * x + sin * y, cos * y - sin * x])  # across, along
    kind = flaw.get("kind")
    if kind:
        from_flaw = place - flaw["at"][:, None, None]
        distance = np.hypot(*from_flaw)
    if kind == "hole":  # threads give way around it
        push = 3.0 * np.exp(-((distance / flaw["radius"]) ** 2))
        place = place - push * from_flaw / (distance + 1.0)

    weave = place + cloth["phase"][:, None, None]
    number = np.floor(weave / PITCH).astype(int) % THREADS
    offset = weave / PITCH % 1.0 - 0.5  # from the middle of the thread
    over = (number.sum(axis=0) % 2).astype(bool)  # warp above weft
    if kind == "misweave":
        wrong = distance < 1.5 * flaw["radius"]
        over = np.where(wrong, number[0] % 2 == 0, over)

    layers = []
    for axis, colour in enumerate((WARP, WEFT)):
        index = number[axis]
        along = offset[1 - axis]
        wave = 0.04 * cloth["bend"][axis][index] * np.sin(np.pi * along)
        half = cloth["width"][axis][index]
        present = np.ones_like(half)
        if kind in ("broken_thread", "thick_thread") and (
            axis == flaw["direction"]
        ):
            middle = (flaw["at"] + cloth["phase"])[axis] // PITCH % THREADS
            near = np.abs(from_flaw[1 - axis]) / (flaw["length"] / 2)
            own = (index == middle) * np.clip(4.0 * (1.0 - near), 0, 1)
            if kind == "broken_thread":
                present = 1.0 - own
            else:
                half = half * (1.0 + 0.8 * flaw["strength"] * own)
        across = np.abs(offset[axis] + wave) / half
        body = np.clip((1.0 - across) * half * PITCH / step, 0, 1) * present
        shade = 0.55 + 0.45 * np.sqrt(np.clip(1.0 - across**2, 0, 1))
        rises = np.where(over == (axis == 0), 1.0, 0.72)
        shade = shade * (rises + 0.12 * np.cos(2 * np.pi * along))
        shade = shade * cloth["level"][axis][index]
        fibre = ndimage.zoom(cloth["fibre"][axis], fine / 512, order=1)
        shade = shade * (1.0 + 0.03 * fibre)
        layers.append((body, shade[..., None] * colour))

    (warp, warp_colour), (weft, weft_colour) = layers
    picture = np.broadcast_to(GAP, (fine, fine, 3))
    for top in (False, True):  # what lies below is painted first
        for body, colour, own in (
            (warp, warp_colour, over == top),
            (weft, weft_colour, over != top),
        ):
            alpha = (body * own)[..., None]
            picture = picture + alpha * (colour - picture)
    light = 1.0 + (cloth["slope"] @ np.stack([x, y]).reshape(2, -1)) / 128
    picture = picture * light.reshape(fine, fine, 1)
    if kind == "stain":
        soft = np.clip((flaw["radius"] - distance) / 3.0 + 0.5, 0, 1)
        tint = 1.0 - flaw["strength"] * (0.28 + 0.1 * flaw["tint"])
        picture = picture * (1.0 + soft[..., None] * (tint - 1.0))
    if kind == "hole":
        soft = np.clip(0.45 * flaw["radius"] - distance + 0.5, 0, 1)[..., None]
        picture = picture + soft * (GAP - picture)
    return picture.reshape(size, 2, size, 2, 3).mean(axis=(1, 3))


write_category = functools.partial(
    write, draw=draw_cloth, kinds=DEFECTS, what="pictures"
)
