import keras
from keras import ops

from kerasad.filters import resize_matrix, separable


@keras.saving.register_keras_serializable(package="kerasad")
class Resize(keras.layers.Layer):
    """Resizes images with the triangle filter, widened when shrinking.

    The same as Pillow's `BILINEAR` to within its rounding to whole pixel
    values, so an image resized on the host or in the graph scores the same.

    Args:
        size: pair of ints, `(height, width)` in pixels.

    Input shape:
        4D tensor, `(batch, height, width, channels)`; the sides must be
        known when the layer is traced.

    Output shape:
        `(batch, *size, channels)`.
    """

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = tuple(size)

    def call(self, inputs):
        height, width = map(int, inputs.shape[1:3])
        if (height, width) == self.size:
            return inputs
        rows = resize_matrix(height, self.size[0])
        columns = resize_matrix(width, self.size[1])
        channels = ops.transpose(inputs, (0, 3, 1, 2))  # (B, C, H, W)
        return ops.transpose(separable(channels, rows, columns), (0, 2, 3, 1))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.size, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "size": list(self.size)}
