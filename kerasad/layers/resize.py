import keras
from keras import ops

from kerasad.filters import resize_matrix

TIE = 1e-4  # grey values: what float32 loses must not decide a half


@keras.saving.register_keras_serializable(package="kerasad")
class Resize(keras.layers.Layer):
    """Resizes images with the triangle filter, widened when shrinking.

    The same as Pillow's `BILINEAR`, which rounds to whole grey values after
    each axis: an image resized on the host or in the graph scores the same.
    Without that the grain of a large photo, averaged to a grey value or less,
    would be another than what the detector was trained and calibrated on.

    Args:
        size: pair of ints, `(height, width)` in pixels.
        rounded: bool. Whether to round as Pillow does.

    Input shape:
        4D tensor, `(batch, height, width, channels)`; the sides must be
        known when the layer is traced.

    Output shape:
        `(batch, *size, channels)`.
    """

    def __init__(self, size, rounded=True, **kwargs):
        super().__init__(**kwargs)
        self.size = tuple(size)
        self.rounded = rounded

    def call(self, inputs):
        height, width = map(int, inputs.shape[1:3])
        if (height, width) == self.size:
            return inputs
        rows = resize_matrix(height, self.size[0])
        columns = resize_matrix(width, self.size[1])
        x = ops.transpose(inputs, (0, 3, 1, 2))  # (B, C, H, W)
        adjust = whole if self.rounded else lambda values: values
        rows = ops.convert_to_tensor(rows)
        columns = ops.convert_to_tensor(columns.T.copy())
        # Pillow begins with the axis that shrinks more.
        if height * self.size[1] > width * self.size[0]:
            x = adjust(ops.matmul(adjust(ops.matmul(rows, x)), columns))
        else:
            x = adjust(ops.matmul(rows, adjust(ops.matmul(x, columns))))
        return ops.transpose(x, (0, 2, 3, 1))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.size, input_shape[-1])

    def get_config(self):
        own = {"size": list(self.size), "rounded": self.rounded}
        return {**super().get_config(), **own}


def whole(values):
    """Rounded as Pillow does: a half goes up, not to an even number."""
    return ops.floor(values + 0.5 + TIE)
