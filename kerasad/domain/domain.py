import keras
import numpy as np
from keras import ops

from kerasad.domain.columns import (
    ESTIMATES,
    LIGHT,
    LOGARITHMS,
    NOVELTIES,
)
from kerasad.domain.edges import Edges
from kerasad.domain.grain import luminance, noise, roughness, softened
from kerasad.domain.light import clipped, light, moments_light, relit
from kerasad.domain.refinement import correlation, refine
from kerasad.domain.sampling import (
    IDENTITY,
    inside,
    inverse,
    moved,
    pixel_points,
    sample,
    warp,
    whole,
)
from kerasad.domain.search import SIDE, PoseSearch
from kerasad.domain.texture import WIDER, Texture, fineness_within
from kerasad.filters import resize_matrix
from kerasad.layers.either import either
from kerasad.layers.once import once

GRID = 56  # pixels: the root of the area in which pose and light are found
STEPS = 3  # of the refinement
STRIDE = 3  # pixels of the grid between points that tell the light
# What `call` tells of `estimate`.
KEPT = ("pose", "changed", "domain", "in_domain")
RELIT = 0.5  # of the reach of good images, from which light is undone
GRAIN = 0.008  # deviation of noise that is left
MARGIN = 0.016  # of the mean side, along borders, not seen when normalised
SOFTENING = (0.15, 2.0)  # square pixels
TOLERATED = 0.25  # share of an image that is empty, and it is still judged


@keras.saving.register_keras_serializable(package="kerasad")
class Domain(keras.layers.Layer):
    """What changed about the camera: estimated, and undone where it matters.

    A similarity and the light bring an image to a template, the median of
    the good images; noise and sharpness are estimated. An image whose estimates
    are among those of good images, or little beyond, is left as it is, to
    the bit; if only its light is another, that is undone. Of any other what
    can be undone is undone, what it does not show is filled from the
    template, and it is softened so that about the same noise is left in all.
    Where good images do not lie alike there is no template, and only the
    light is undone; an empty border, see `Texture`, is not seen then.

    Args:
        size: pair of ints, `(height, width)` of the images.
        textured: bool. Whether images are compared by their `Texture`; files
            of before were not.

    Call arguments:
        images: float32 `(B, H, W, 3)` in `[0, 1]`.

    Returns:
        A dict of `images`, as above; `seen` float32 `(B, H, W, 1)`, 1 where
        they show the image and not the template; `pose` float32 `(B, 4)`,
        see `kerasad.domain.sampling`; `changed` bool `(B,)`, normalised as a
        whole; `in_domain` bool `(B,)`; `domain` float32 `(B, 14)`, see
        `COLUMNS`.
    """

    def __init__(self, size, textured=True, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.size = tuple(size)
        self.coarse, self.grid = (
            grid_sides(self.size, root) for root in (SIDE, GRID)
        )
        # What an image shows at its border may be no part of the scene, and
        # lies a pixel within that of the template, or without.
        self.margin = round(MARGIN * sum(self.size) / 2)
        self.inner = np.zeros((1, *self.size, 1), "float32")
        core = (slice(self.margin, side - self.margin) for side in self.size)
        self.inner[0][tuple(core)] = 1.0
        self.search = PoseSearch(dtype="float32", name="search")
        self.edges = Edges(dtype="float32", name="edges")
        self.texture = None
        if textured:
            self.texture = Texture(dtype="float32", name="texture")

    def build(self, input_shape=None):
        fixed = {"trainable": False, "initializer": "ones"}
        count = len(ESTIMATES)
        for name, shape in {
            "template": (*self.size, 3),
            "aligned": (),  # 1 where good images lie alike, else 0
            "moments": (2, 3),  # mean and deviation of the channels
            "slope": (),  # of good images, see roughness
            "centre": (count,),
            "reach": (count,),  # of good images around it
            "units": (len(NOVELTIES),),
            "novelty_limit": (),
        }.items():
            weight = self.add_weight(shape=shape, name=name, **fixed)
            setattr(self, name, weight)
        self.search.build((None, *self.coarse, 1))
        self.edges.build((None, *self.size, 1))
        if self.texture is not None:
            self.texture.build()
        self.built = True

    def call(self, images):
        found = self.estimate(images)
        normal, seen = either(
            found["changed"], self.normalised, self.as_they_lie, (images, found)
        )
        return {
            "images": normal,
            "seen": seen,
            **{key: found[key] for key in KEPT},
        }

    def estimate(self, images):
        """All that `call` tells, and `gain` and `offset` of the channels."""
        grey = luminance(images)
        grain = noise(images)
        aligned = self.aligned > 0.5
        small = shrunk(images, self.grid)
        pose, match, visible, gain = self.pose_of(small, aligned)
        # Every third pixel tells about as well where values were cut off.
        cut = clipped(images[:, 1::3, 1::3])
        empty, strained, apart = self.texture_of(images, grey, aligned)
        gains, offsets = self.light_of(
            small,
            shrunk(cut, self.grid),
            shrunk(empty, self.grid),
            pose,
            aligned,
        )
        logs = ops.log(gains)
        level = ops.mean(logs, axis=-1)
        sharp = ops.where(
            aligned,
            self.edges(grey[..., None], pose=pose),
            roughness(grey) / (self.slope + 1e-6),
        )
        estimates = [
            -ops.arctan2(pose[:, 1], pose[:, 0]) * (180.0 / np.pi),
            0.5 * ops.log(ops.sum(ops.square(pose[:, :2]), axis=-1)),
            pose[:, 2] / 2.0,
            pose[:, 3] / 2.0,
            -level,
            -ops.mean(offsets / gains, axis=-1),
            ops.max(logs, axis=-1) - ops.min(logs, axis=-1),
            grain,
            sharp * ops.exp(level),
            ops.mean(ops.abs(cut), axis=(1, 2, 3)),
        ]
        known = ops.stack(estimates, axis=-1)
        away = ops.abs(known - self.centre) / self.reach / WIDER
        of_light = ops.convert_to_tensor(
            np.array([name in LIGHT for name in ESTIMATES], "float32")
        )
        change = ops.max(away * (1.0 - of_light), axis=-1)
        change = ops.maximum(change, apart)
        visible = visible - ops.mean(empty, axis=(1, 2, 3))
        light = ops.max(away * of_light, axis=-1)
        strange = self.novelties(known, match, visible)
        novelty = ops.max(strange / self.units, axis=-1) / self.novelty_limit
        changed = change > 1.0
        human = [
            ops.exp(one) if name in LOGARITHMS else one
            for name, one in zip(ESTIMATES, estimates, strict=True)
        ]
        return {
            "pose": pose,
            "gain": gains,
            "offset": offsets,
            "noise": gain * grain,
            "empty": empty,
            "strained": strained,
            "known": known,
            "strange": strange,
            "changed": changed,
            "relit": light > RELIT,
            # Whoever looks like a good image is judged, whatever is on it.
            "in_domain": ops.logical_or(
                ops.maximum(change, light) <= 1.0, novelty <= 1.0
            ),
            "domain": ops.stack(
                [*human, match, visible, change, novelty], axis=-1
            ),
        }

    def texture_of(self, images, grey, aligned):
        """What `Texture` tells of images: of some like a template, fineness.

        How fine an image is tells blur and a lower resolution apart from
        what good images differ by, where edges and noise do not: photos that
        were made smaller have little noise to lose.
        """

        if self.texture is None:
            nothing = ops.zeros_like(images[..., :1])
            return nothing, nothing, nothing[:, 0, 0, 0]

        def like_template(images, grey):
            nothing = ops.zeros_like(images[..., :1])
            fine = fineness_within(grey)
            return nothing, nothing, self.texture.otherwise_fine(fine)

        apart = ops.logical_and(grey[:, 0, 0] >= 0.0, ops.logical_not(aligned))
        return either(apart, self.texture, like_template, (images, grey))

    def novelties(self, known, match, visible):
        """What `NOVELTIES` names, `(B, 6)`, at least 0."""
        own = {name: known[:, i] for i, name in enumerate(ESTIMATES)}
        values = [
            (1.0 - match) * self.aligned,
            # Of what is no template only a good deal matters.
            ops.relu(1.0 - visible - TOLERATED * (1.0 - self.aligned)),
            ops.abs(own["gain"]),
            own["cast"],
            own["noise"],
            ops.relu(1.0 - own["sharpness"]),
        ]
        return ops.stack(values, axis=-1)

    def normalised(self, images, found):
        """Images as good ones look, and where they show what was there."""
        # So soft that about the same noise is left in all of them.
        root = found["noise"] / (3.54 * GRAIN)
        variance = ops.clip(ops.square(root), *SOFTENING)
        # What was cut off is known before softening, and moves along.
        both = ops.concatenate([images, clipped(images)], axis=-1)
        both, seen = warp(softened(both, variance), found["pose"], self.margin)
        seen = seen * ops.convert_to_tensor(self.inner)
        seen = seen * (1.0 - found["empty"])
        normal = self.in_light(both[..., :3], both[..., 3:], found)
        normal = seen * normal + (1.0 - seen) * self.template
        return normal, seen * (1.0 - found["strained"])

    def as_they_lie(self, images, found):
        """Images of which only the light is undone, and that only if need be.

        Returns:
            What `normalised` returns.
        """
        images = either(
            found["relit"],
            lambda images, found: self.in_light(images, clipped(images), found),
            lambda images, found: images,
            (images, found),
        )
        return images, ops.ones_like(images[..., :1])

    def in_light(self, shown, cut, found):
        """Images in the template's light; `cut` as in `relit`."""
        template, aligned = ops.convert_to_tensor(self.template), self.aligned
        lines = found["gain"], found["offset"]
        return relit(shown, cut, *lines, template, aligned > 0.5)

    def returned(self, maps, found):
        """Maps `(B, H, W, C)` in the frame of the image; 0 where none is."""
        back, known = warp(maps * found["seen"], inverse(found["pose"]))
        return back * known

    def light_of(self, small, cut, empty, pose, aligned):
        """Gains and offsets of the channels.

        Args:
            small: float32 `(B, *grid, 3)`, images.
            cut: the same of what was cut off, see `clipped`.
            empty: float32 `(B, *grid, 1)`, share of each that shows nothing.
        """
        count = self.grid[0] * self.grid[1]
        chosen = np.arange(count).reshape(self.grid)[::STRIDE, ::STRIDE]
        x, y = (points[chosen.ravel()] for points in pixel_points(*self.grid))
        x, y = moved(pose, ops.convert_to_tensor(x), ops.convert_to_tensor(y))
        shown = sample(ops.concatenate([small, cut], axis=-1), x, y)
        seen = inside(x, y, *self.grid)[..., None]
        target = small_template(self)[::STRIDE, ::STRIDE]
        target = ops.reshape(target, (-1, 3))
        found = light(shown[..., :3], shown[..., 3:], seen, target)
        other = moments_light(small, empty, self.moments[0], self.moments[1])
        return [
            ops.where(aligned, one, another)
            for one, another in zip(found, other, strict=True)
        ]

    def pose_of(self, small, aligned):
        """Pose, correlation, share seen, gain; the identity if not `aligned`.

        Args:
            small: float32 `(B, *grid, 3)`, images.
        """
        own = luminance(small)[..., None]
        template = luminance(small_template(self))[..., None]
        pose = self.search(shrunk(own, self.coarse))
        pose, gain = refine(own, template, pose, STEPS)
        shown, seen = warp(own, pose)
        pixels = [-1, self.grid[0] * self.grid[1]]
        shown, seen, own = (ops.reshape(x, pixels) for x in (shown, seen, own))
        match, visible = correlation(shown, seen, template)
        still, whole = correlation(own, ops.ones_like(own), template)
        identity = ops.convert_to_tensor(np.array([IDENTITY], "float32"))
        identity = ops.zeros_like(pose) + identity
        # What is no better than nothing is nothing.
        better = ops.logical_and(match > still, aligned)
        return (
            ops.where(better[:, None], pose, identity),
            ops.where(better, match, still),
            ops.where(better, visible, whole),
            ops.where(better, gain, 1.0),
        )

    def get_config(self):
        return {
            **super().get_config(),
            "size": list(self.size),
            "textured": self.texture is not None,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{"textured": False, **config})


def grid_sides(size, root):
    """Sides in the ratio of `size`, in pixels; `root` is that of their area."""
    own = (size[0] * size[1]) ** 0.5
    return tuple(max(4, round(side * root / own)) for side in size)


def small_template(layer):
    """The template of a layer on its grid `(*grid, 3)`, computed once."""

    def compute():
        template = ops.convert_to_tensor(layer.template)[None]
        return shrunk(template, layer.grid)[0]

    return once(layer, layer.template, compute)


def shrunk(images, size):
    """`(B, H, W, C)` at another size, with the triangle filter."""
    sides = whole(images.shape[1:3])
    if sides == list(size):
        return images
    rows, columns = (
        ops.convert_to_tensor(resize_matrix(source, target))
        for source, target in zip(sides, size, strict=True)
    )
    channels = int(images.shape[-1])
    x = ops.reshape(images, (-1, sides[0], sides[1] * channels))
    x = ops.reshape(ops.matmul(rows, x), (-1, size[0], sides[1], channels))
    # Not earlier: it is less that is moved.
    x = ops.matmul(ops.transpose(x, (0, 1, 3, 2)), ops.transpose(columns))
    return ops.transpose(x, (0, 1, 3, 2))
