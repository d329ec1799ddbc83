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
from kerasad.domain.sampling import IDENTITY, inverse, warp, whole
from kerasad.domain.search import SIDE, PoseSearch
from kerasad.filters import resize_matrix, separable
from kerasad.layers.either import either

# Grids of the refinement, in pixels of the root of their area, and its steps.
LEVELS = ((48, 3), (96, 2))
# What `call` tells of `estimate`.
KEPT = ("pose", "changed", "domain", "in_domain")
RELIT = 0.5  # of the reach of good images, from which light is undone
WIDER = 1.25  # times the widest of the good images is still unchanged
GRAIN = 0.008  # deviation of noise that is left
MARGIN = 0.016  # of the mean side, along borders, not seen when normalised
SOFTENING = (0.15, 2.0)  # square pixels


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
    light is undone.

    Args:
        size: pair of ints, `(height, width)` of the images.

    Call arguments:
        images: float32 `(B, H, W, 3)` in `[0, 1]`.

    Returns:
        A dict of `images`, as above; `seen` float32 `(B, H, W, 1)`, 1 where
        they show the image and not the template; `pose` float32 `(B, 4)`,
        see `kerasad.domain.sampling`; `changed` bool `(B,)`, normalised as a
        whole; `in_domain` bool `(B,)`; `domain` float32 `(B, 14)`, see
        `COLUMNS`.
    """

    def __init__(self, size, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.size = tuple(size)
        root = (self.size[0] * self.size[1]) ** 0.5
        self.grids = [
            tuple(max(4, round(side * level / root)) for side in self.size)
            for level in (SIDE, *(level for level, _ in LEVELS))
        ]
        # What an image shows at its border may be no part of the scene, and
        # lies a pixel within that of the template, or without.
        self.margin = round(MARGIN * sum(self.size) / 2)
        self.inner = np.zeros((1, *self.size, 1), "float32")
        core = (slice(self.margin, side - self.margin) for side in self.size)
        self.inner[0][tuple(core)] = 1.0
        self.search = PoseSearch(dtype="float32", name="search")
        self.edges = Edges(dtype="float32", name="edges")

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
        self.search.build((None, *self.grids[0], 1))
        self.edges.build((None, *self.size, 1))
        self.built = True

    def call(self, images):
        found = self.estimate(images)
        changed = found["changed"]
        normal, seen = either(
            changed,
            lambda: self.normalised(images, found),
            lambda: (
                either(
                    found["relit"],
                    lambda: self.in_light(images, found["cut"], found),
                    lambda: images,
                ),
                ops.ones_like(images[..., :1]),
            ),
        )
        return {
            "images": normal,
            "seen": seen,
            **{key: found[key] for key in KEPT},
        }

    def estimate(self, images):
        """All that `call` tells, and `gain` and `offset` of the channels."""
        grey = luminance(images)
        pose, match, visible, gain = self.pose_of(grey)
        cut, grain = clipped(images), noise(images)
        aligned = self.aligned > 0.5
        gains, offsets = self.light_of(images, cut, pose, aligned)
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
            "cut": cut,
            "noise": gain * grain,
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

    def novelties(self, known, match, visible):
        """What `NOVELTIES` names, `(B, 6)`, at least 0."""
        own = {name: known[:, i] for i, name in enumerate(ESTIMATES)}
        values = [
            (1.0 - match) * self.aligned,
            (1.0 - visible) * self.aligned,
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
        both = ops.concatenate([images, found["cut"]], axis=-1)
        both, seen = warp(softened(both, variance), found["pose"], self.margin)
        seen = seen * ops.convert_to_tensor(self.inner)
        normal = self.in_light(both[..., :3], both[..., 3:], found)
        return seen * normal + (1.0 - seen) * self.template, seen

    def in_light(self, shown, cut, found):
        """Images in the template's light; `cut` as in `relit`."""
        template, aligned = ops.convert_to_tensor(self.template), self.aligned
        lines = found["gain"], found["offset"]
        return relit(shown, cut, *lines, template, aligned > 0.5)

    def returned(self, maps, found):
        """Maps `(B, H, W, C)` in the frame of the image; 0 where none is."""
        back, known = warp(maps * found["seen"], inverse(found["pose"]))
        return back * known

    def light_of(self, images, cut, pose, aligned):
        """Gains and offsets of the channels, on the finest of the grids."""
        both = shrunk(ops.concatenate([images, cut], axis=-1), self.grids[-1])
        template = shrunk(
            ops.convert_to_tensor(self.template)[None], self.grids[-1]
        )[0]
        shown, seen = warp(both, pose)
        found = light(shown[..., :3], shown[..., 3:], seen, template)
        other = moments_light(both[..., :3], self.moments[0], self.moments[1])
        return [
            ops.where(aligned, one, another)
            for one, another in zip(found, other, strict=True)
        ]

    def pose_of(self, grey):
        """Pose, correlation and share seen; the identity without template."""
        template = luminance(ops.convert_to_tensor(self.template))
        small = shrunk(grey[..., None], self.grids[-1])
        pose = self.search(shrunk(small, self.grids[0]))
        for grid, (_, steps) in zip(self.grids[1:], LEVELS, strict=True):
            own = shrunk(small, grid)
            wanted = shrunk(template[None, ..., None], grid)[0]
            pose, gain = refine(own, wanted, pose, steps)
        identity = ops.convert_to_tensor(np.array([IDENTITY], "float32"))
        identity = ops.zeros_like(pose) + identity
        match, visible = correlation(own, wanted, pose)
        still, whole = correlation(own, wanted, identity)
        # What is no better than nothing is nothing.
        better = ops.logical_and(match > still, self.aligned > 0.5)
        return (
            ops.where(better[:, None], pose, identity),
            ops.where(better, match, still),
            ops.where(better, visible, whole),
            ops.where(better, gain, 1.0),
        )

    def get_config(self):
        return {**super().get_config(), "size": list(self.size)}


def shrunk(images, size):
    """`(B, H, W, C)` at another size, with the triangle filter."""
    sides = whole(images.shape[1:3])
    if sides == list(size):
        return images
    matrices = (
        resize_matrix(source, target)
        for source, target in zip(sides, size, strict=True)
    )
    x = separable(ops.transpose(images, (0, 3, 1, 2)), *matrices)
    return ops.transpose(x, (0, 2, 3, 1))
