"""Parts that lie at any angle, brought to lie alike."""

import keras
import numpy as np
from keras import ops

from kerasad.domain.domain import (
    GRID,
    SIDE,
    grid_sides,
    shrunk,
    small_template,
)
from kerasad.domain.grain import luminance
from kerasad.domain.refinement import correlation, refine
from kerasad.domain.sampling import inverse, warp
from kerasad.domain.search import PoseSearch

ANGLES = tuple(np.arange(0.0, 360.0, 4.0))  # degrees
REACH = 8  # pixels of translation, of SIDE
STEPS = 5  # of the refinement, which finds the scale as well


@keras.saving.register_keras_serializable(package="kerasad")
class Registration(keras.layers.Layer):
    """Turns and moves each image so that its part lies as in a template.

    For one part an image, on a plain ground, at any angle: what is learnt
    by place is then of places of the part. What an image does not show of the
    template's frame is filled from the template.

    Args:
        size: pair of ints, `(height, width)` of the images.

    Call arguments:
        images: float32 `(B, H, W, 3)` in `[0, 1]`.

    Returns:
        A dict of `images`, likewise; `pose` float32 `(B, 4)`, see
        `kerasad.domain.sampling`; `match` float32 `(B,)`, correlation with
        the template.
    """

    def __init__(self, size, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.size = tuple(size)
        self.coarse, self.grid = (
            grid_sides(self.size, root) for root in (SIDE, GRID)
        )
        self.search = PoseSearch(
            ANGLES, (1.0,), REACH, dtype="float32", name="search"
        )

    def build(self, input_shape=None):
        self.template = self.add_weight(
            shape=(*self.size, 3),
            name="template",
            trainable=False,
            initializer="ones",
        )
        self.search.build((None, *self.coarse, 1))
        self.built = True

    def call(self, images):
        pose, match = self.pose_of(images)
        shown, seen = warp(images, pose)
        shown = seen * shown + (1.0 - seen) * self.template
        return {"images": shown, "pose": pose, "match": match}

    def pose_of(self, images):
        """Pose, and correlation with the template."""
        own = luminance(shrunk(images, self.grid))[..., None]
        template = luminance(small_template(self))[..., None]
        first = self.search(shrunk(own, self.coarse))
        pose, _ = refine(own, template, first, STEPS)
        before, after = (
            self.match(own, one, template) for one in (first, pose)
        )
        better = after > before
        return (
            ops.where(better[:, None], pose, first),
            ops.where(better, after, before),
        )

    def match(self, own, pose, template):
        """Correlation of what a pose shows with the template, `(B,)`."""
        pixels = [-1, self.grid[0] * self.grid[1]]
        shown, seen = (ops.reshape(x, pixels) for x in warp(own, pose))
        return correlation(shown, seen, template)[0]

    def returned(self, maps, found, beside=0.0):
        """Maps `(B, H, W, C)` in the frame of the image.

        Where they know nothing of it, what is `beside`.
        """
        back, known = warp(maps, inverse(found["pose"]))
        return back * known + beside * (1.0 - known)

    def set_template(self, template):
        """Keeps a template `(H, W, 3)`, values from 0 to 255."""
        template = np.asarray(template, "float32") / np.float32(255.0)
        self.template.assign(template)
        grey = luminance(ops.convert_to_tensor(template[None]))[..., None]
        small = ops.convert_to_numpy(shrunk(grey, self.coarse))
        self.search.fit(small[0, ..., 0])

    def get_config(self):
        return {**super().get_config(), "size": list(self.size)}
