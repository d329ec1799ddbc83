import keras
import numpy as np
from keras import ops

from kerasad.domain.sampling import IDENTITY

SIDE = 32  # pixels: the root of the area that is searched in
# Half of what the refinement still reaches: a step of the grid either way.
ANGLES = tuple(np.arange(-15.0, 15.1, 3.0))  # degrees, either way
SCALES = tuple(0.72 * 1.07 ** np.arange(14))  # to 1.73
REACH = 6  # pixels of translation, of SIDE


class PoseSearch(keras.layers.Layer):
    """The pose of a grid under which an image correlates best with a template.

    Turned and scaled templates are kept as Fourier transforms, so all
    translations of all of them cost a few small matrix products.

    Args:
        angles: tuple of floats, in degrees.
        scales: tuple of floats.
        reach: int. Pixels of translation either way, at most.

    Input shape:
        `(batch, height, width, 1)`, about 32 by 32.

    Output shape:
        `(batch, 4)`, poses, see `kerasad.domain.sampling`.

    Reference:

    - Lewis, 1995, Fast normalized cross-correlation
    """

    def __init__(self, angles=ANGLES, scales=SCALES, reach=REACH, **kwargs):
        super().__init__(**kwargs)
        self.views = [
            (scale, angle) for scale in scales for angle in np.radians(angles)
        ]
        self.most = reach

    def build(self, input_shape):
        height, width = input_shape[1:3]
        self.reach = [min(self.most, side // 4) for side in (height, width)]
        self.canvas = (height + 2 * self.reach[0], width + 2 * self.reach[1])
        rows, columns = self.canvas
        count = len(self.views)
        fixed = {"trainable": False, "dtype": "float32"}
        half = columns // 2 + 1
        self.real = self.add_weight(
            shape=(count, half, rows), name="real", initializer="zeros", **fixed
        )
        self.imaginary = self.add_weight(
            shape=(count, half, rows),
            name="imaginary",
            initializer="zeros",
            **fixed,
        )
        self.norms = self.add_weight(
            shape=(count, *[2 * r + 1 for r in self.reach]),
            name="norms",
            initializer="ones",
            **fixed,
        )
        self.matrices = fourier(height, width, self.canvas, self.reach)
        self.poses = grid_poses(self.views, self.reach, (height + width) / 4)
        super().build(input_shape)

    def call(self, images):
        columns, rows, back_rows, back_columns = (
            [ops.convert_to_tensor(part) for part in pair]
            for pair in self.matrices
        )
        x = images[..., 0]
        x = x - ops.mean(x, axis=(1, 2), keepdims=True)
        # The transform of the image, its real and imaginary part, its columns
        # first: so each product is one of two matrices, with all else in rows.
        real, imaginary = (
            ops.transpose(ops.matmul(x, part), (0, 2, 1)) for part in columns
        )
        real, imaginary = complex_product((real, imaginary), rows)
        real, imaginary = real[:, None], imaginary[:, None]  # (B, 1, C, R)
        # Times the templates', one of the two conjugated.
        product = (
            real * self.real + imaginary * self.imaginary,
            real * self.imaginary - imaginary * self.real,
        )
        real, imaginary = (
            ops.transpose(part, (0, 1, 3, 2))
            for part in complex_product(product, back_rows)
        )
        found = ops.matmul(real, back_columns[0])
        found = found - ops.matmul(imaginary, back_columns[1])
        found = ops.reshape(found / self.norms, (-1, self.poses.shape[0]))
        # Not argmax, which TensorFlow writes with bits that OpenVINO lacks.
        best = ops.top_k(found, 1)[1][:, 0]
        return ops.take(ops.convert_to_tensor(self.poses), best, axis=0)

    def fit(self, template):
        """Keeps a template `(height, width)` at all angles and scales."""
        height, width = template.shape
        if not self.built:
            self.build((None, height, width, 1))
        rows, columns = self.canvas
        unit = (height + width) / 4
        down, right = np.mgrid[0:rows, 0:columns] + 0.5
        x, y = (right - columns / 2) / unit, (down - rows / 2) / unit
        transforms, norms = [], []
        for scale, angle in self.views:
            cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
            shown = read(template, cos * x + sin * y, cos * y - sin * x)
            transforms.append(np.fft.rfft2(shown).T)
            norms.append(window_norms(shown, height, width))
        self.real.assign(np.real(transforms).astype("float32"))
        self.imaginary.assign(np.imag(transforms).astype("float32"))
        self.norms.assign(np.stack(norms).astype("float32"))

    def compute_output_shape(self, input_shape):
        return input_shape[0], len(IDENTITY)


def complex_product(one, other):
    """`one @ other` of matrices given as real and imaginary part."""
    return (
        ops.matmul(one[0], other[0]) - ops.matmul(one[1], other[1]),
        ops.matmul(one[0], other[1]) + ops.matmul(one[1], other[0]),
    )


def grid_poses(views, reach, unit):
    """The pose of each place of the correlation, `(P, 4)`."""
    poses = []
    for scale, angle in views:
        cos, sin = scale * np.cos(angle), scale * np.sin(angle)
        for down in range(-reach[0], reach[0] + 1):
            for right in range(-reach[1], reach[1] + 1):
                poses.append([cos, sin, -right / unit, -down / unit])
    return np.array(poses, "float32")


def fourier(height, width, canvas, reach):
    """Matrices, real and imaginary, of the transform there and back.

    There, of an image in the corner of an empty canvas, along its rows and
    then its columns; back the other way, only to the translations that are
    searched. Each is multiplied from the right.
    """

    def pair(phase, weights=1.0):
        return [
            (weights * np.cos(phase)).astype("float32"),
            (weights * np.sin(phase)).astype("float32"),
        ]

    rows, columns = canvas
    half = np.arange(columns // 2 + 1)
    twice = np.full(len(half), 2.0)  # of a frequency and its conjugate
    twice[0] = 1.0
    if columns % 2 == 0:
        twice[-1] = 1.0
    turn = -2 * np.pi / rows, -2 * np.pi / columns
    there = (
        pair(turn[1] * np.outer(np.arange(width), half)),
        pair(turn[0] * np.outer(np.arange(height), np.arange(rows))),
    )
    shifts = [np.arange(2 * r + 1) for r in reach]
    back = (
        pair(-turn[0] * np.outer(np.arange(rows), shifts[0]), 1 / rows),
        pair(-turn[1] * np.outer(half, shifts[1]), twice[:, None] / columns),
    )
    return *there, *back


def read(image, x, y):
    """`kerasad.domain.sampling.sample` of one image, in numpy."""
    height, width = image.shape
    unit = (height + width) / 4
    columns = np.clip(x * unit + width / 2 - 0.5, 0, width - 1)
    rows = np.clip(y * unit + height / 2 - 0.5, 0, height - 1)
    left = np.minimum(columns.astype(int), width - 2)
    top = np.minimum(rows.astype(int), height - 2)
    right, down = columns - left, rows - top
    upper = image[top, left] * (1 - right) + image[top, left + 1] * right
    lower = (
        image[top + 1, left] * (1 - right) + image[top + 1, left + 1] * right
    )
    return upper * (1 - down) + lower * down


def window_norms(canvas, height, width):
    """The norm of each window, its mean taken off: what correlation is over."""
    windows = np.lib.stride_tricks.sliding_window_view(canvas, (height, width))
    return windows.std(axis=(2, 3)) * np.sqrt(height * width) + 1e-6
