import keras
import numpy as np
from keras import ops

from kerasad.domain.sampling import (
    inside,
    moved,
    pixel_points,
    sample,
    whole,
)

POINTS = 2048
# Pixels of a template between the neighbours of an edge that are compared.
ACROSS = 2.0


class Edges(keras.layers.Layer):
    """Slope of images across the edges of a template, 1 as there: `(B,)`.

    Looked up where the template is steepest, so that it costs next to
    nothing; noise does not change its expectation.

    Call arguments:
        images: float32 `(B, H, W, 1)`.
        pose: float32 `(B, 4)`, see `kerasad.domain.sampling`.
    """

    def build(self, input_shape):
        height, width = input_shape[1:3]
        self.points = self.add_weight(
            shape=(4, min(POINTS, height * width)),
            name="points",
            initializer="zeros",
            trainable=False,
        )
        self.slopes = self.add_weight(
            shape=(min(POINTS, height * width),),
            name="slopes",
            initializer="zeros",
            trainable=False,
        )
        super().build(input_shape)

    def call(self, images, pose):
        found, seen = self.differences(images, pose)
        slopes = ops.convert_to_tensor(self.slopes)
        below = ops.sum(seen * slopes * slopes, axis=-1) + 1e-6
        return ops.sum(seen * found * slopes, axis=-1) / below

    def differences(self, images, pose):
        """Across the edges, `(B, points)`, and which of them `pose` shows."""
        height, width = whole(images.shape[1:3])
        x, y, across, down = (self.points[i] for i in range(4))
        values, seen = [], 1.0
        for side in (1.0, -1.0):
            u, v = moved(pose, x + side * across, y + side * down)
            seen = seen * inside(u, v, height, width)
            values.append(sample(images, u, v)[..., 0])
        return values[0] - values[1], seen

    def fit(self, template):
        """Keeps the steepest points of a template, float `(H, W)`."""
        height, width = template.shape
        if not self.built:
            self.build((None, height, width, 1))
        down, across = np.gradient(template)
        slope = np.hypot(across, down).ravel()
        chosen = np.argsort(-slope, kind="stable")[: self.slopes.shape[0]]
        steep = slope[chosen] + 1e-6
        unit = (height + width) / 4
        normal = [
            ACROSS / 2 / unit * part.ravel()[chosen] / steep
            for part in (across, down)
        ]
        points = [part[chosen] for part in pixel_points(height, width)]
        self.points.assign(np.stack([*points, *normal]).astype("float32"))
        pose = ops.convert_to_tensor([[1.0, 0.0, 0.0, 0.0]], "float32")
        image = ops.convert_to_tensor(template[None, ..., None], "float32")
        found, _ = self.differences(image, pose)
        self.slopes.assign(found[0])
