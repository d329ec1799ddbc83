"""The capsule's own coordinates on the pixel grid, and painting marks there.

Lengths are in points, 1/256 of the picture's side.
"""

import numpy as np

from kerasad.capsules.scene import BODY_RADIUS, CAP_RADIUS

TIP = (31.0, 33.0)  # how far the rounded ends reach, left and right
MARGIN = 54  # half the height of the canvas: what a bulging capsule needs


class Canvas:
    """The rows of a picture that hold the capsule, with layers to paint on.

    Args:
        capsule: `Capsule`. Gives pose, outline and dents.
        size: int, in pixels. Side of the picture.

    Attributes:
        rows: slice of the picture's rows that the canvas covers.
        s, t: along and across the axis, in points, `(rows, size)`.
        a: arc length around the axis, in points.
        across: -1 at the upper edge, 1 at the lower edge.
        end: 0 on the cylinder, 1 at either tip.
        radial: 0 on the axis, 1 at the outline.
        layers: dict of float arrays `(rows, size)`, see `Mark`.
    """

    def __init__(self, capsule, size):
        self.capsule = capsule
        self.size = size
        self.pixel = 256 / size
        centre_x, centre_y = capsule.centre
        first = max(int((centre_y - MARGIN) / self.pixel), 0)
        last = min(int((centre_y + MARGIN) / self.pixel) + 1, size)
        self.rows = slice(first, last)
        axis = (np.arange(size) + 0.5) * self.pixel
        x, y = axis[None] - centre_x, axis[self.rows, None] - centre_y
        cos, sin = np.cos(capsule.angle), np.sin(capsule.angle)
        self.s = cos * x + sin * y
        self.t = (cos * y - sin * x) / stretch(
            capsule.dents, cos * x + sin * y, cos * y - sin * x
        )
        self._shape()

    def _shape(self):
        capsule, s, t = self.capsule, self.s, self.t
        cap = ramp(capsule.seam - s, max(self.pixel, 1.0))
        radius = BODY_RADIUS + (CAP_RADIUS - BODY_RADIUS) * cap
        left = np.maximum(capsule.left + TIP[0] - s, 0) / TIP[0]
        right = np.maximum(s - capsule.right + TIP[1], 0) / TIP[1]
        end = left + right
        height = t / radius
        self.end, self.radial = end, np.hypot(end, height)
        inside = radius * (1 - self.radial)
        latitude = np.clip(1 - end**2, 0.05, 1) ** 0.4
        self.across = np.clip(height / latitude, -1, 1)
        self.a = radius * np.arcsin(np.clip(height, -1, 1))
        empty = np.zeros_like(s)
        self.layers = {
            "outline": ramp(inside, max(self.pixel, 1.2)),
            "cap": cap,
            "ink": empty,
            "brand": empty.copy(),
            "relief": empty.copy(),
        }

    def paint(self, layer, mark):
        """Blends `mark` into `layer` in place."""
        reach = mark.width / 2 + mark.soft + 2 * self.pixel
        if mark.layer == "ground":
            rows, columns = self._window(mark.points, reach)
            axis = (np.arange(self.size) + 0.5) * self.pixel
            u, v = axis[None, columns], axis[rows, None]
        else:
            rows, columns = self._window(self._project(mark.points), reach)
            rows = slice(
                max(rows.start - self.rows.start, 0),
                max(rows.stop - self.rows.start, 0),
            )
            u, v = self.s[rows, columns], self.a[rows, columns]
        if u.size == 0 or v.size == 0:
            return
        distance = signed_distance(u, v, mark.points, mark.filled)
        edge = max(self.pixel, 0.5) + mark.soft
        share = np.clip((mark.width / 2 - distance) / edge + 0.5, 0, 1)
        if not mark.filled:
            # Exact for lines thinner than a pixel: they fade, not widen.
            share -= np.clip((-mark.width / 2 - distance) / edge + 0.5, 0, 1)
        share *= mark.opacity
        part = layer[rows, columns]
        if layer.ndim == 3:
            share = share[..., None]
        part += share * (np.asarray(mark.value) - part)

    def _project(self, points):
        """Capsule coordinates to the picture's `(x, y)`."""
        capsule = self.capsule
        s = points[:, 0]
        turn = np.clip(points[:, 1] / BODY_RADIUS, -np.pi / 2, np.pi / 2)
        t = CAP_RADIUS * np.sin(turn)
        t = t * stretch(capsule.dents, s, t)
        cos, sin = np.cos(capsule.angle), np.sin(capsule.angle)
        x, y = cos * s - sin * t, sin * s + cos * t
        return np.stack([x, y], axis=1) + capsule.centre

    def _window(self, points, reach):
        reach = reach + 3  # dents bend the lines between the corners
        low = np.floor((points.min(0) - reach) / self.pixel).astype(int)
        high = np.ceil((points.max(0) + reach) / self.pixel).astype(int)
        low, high = np.clip(low, 0, self.size), np.clip(high, 0, self.size)
        return slice(low[1], high[1]), slice(low[0], high[0])


def ramp(distance, width):
    """0 below `-width / 2`, 1 above `width / 2`, smooth between."""
    x = np.clip(distance / width + 0.5, 0, 1)
    return x * x * (3 - 2 * x)


def stretch(dents, s, t):
    """How much wider the capsule is at `s`, on the side of `t`."""
    scale = np.ones_like(t)
    for dent in dents:
        offset = s - dent.centre
        reach = np.where(offset < 0, *dent.reach)
        bump = np.maximum(1 - np.abs(offset / reach), 0)
        if dent.power > 1:
            bump = bump**dent.power * (dent.power - (dent.power - 1) * bump)
        if dent.side:
            bump = bump * (np.sign(t) == dent.side)
        scale -= dent.depth * bump
    return scale


def signed_distance(u, v, points, filled):
    """Distance to a polyline, negative inside when it is a filled polygon."""
    if len(points) == 1:
        return np.hypot(u - points[0, 0], v - points[0, 1])
    following = np.roll(points, -1, axis=0) if filled else points[1:]
    square = np.inf
    inside = False
    for (u0, v0), (u1, v1) in zip(points, following, strict=False):
        du, dv = u1 - u0, v1 - v0
        along = (u - u0) * du + (v - v0) * dv
        along = np.clip(along / max(du * du + dv * dv, 1e-12), 0, 1)
        gap_u, gap_v = u - u0 - along * du, v - v0 - along * dv
        square = np.minimum(square, gap_u * gap_u + gap_v * gap_v)
        if filled:  # the even-odd rule
            crosses = (v0 > v) != (v1 > v)
            at = u0 + (v - v0) * du / (dv if dv else 1e-12)
            inside = inside ^ (crosses & (u < at))
    distance = np.sqrt(square)
    return np.where(inside, -distance, distance) if filled else distance
