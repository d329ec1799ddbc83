"""Layers whose output at a cell depends on the cells before it alone.

Before: in the rows above, or to the left in its own.
"""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="kerasad")
class MaskedConv2D(keras.layers.Conv2D):
    """A convolution that sees the cells before.

    Args:
        itself: bool. Whether also the cell itself: not in the first layer,
            whose input is what is to be foretold.
        **kwargs: see `keras.layers.Conv2D`; sides of the kernel are odd.

    Reference:

    - [van den Oord et al., 2016](https://arxiv.org/abs/1601.06759), section
      3.4, masks A and B
    """

    def __init__(self, *args, itself=True, **kwargs):
        options = {"padding": "same", "data_format": "channels_last"}
        super().__init__(*args, **{**kwargs, **options})
        self.itself = itself

    def convolution_op(self, inputs, kernel):
        """Keras's, with the part of the kernel that looks ahead set to 0."""
        rows, columns = self.kernel_size
        mask = np.zeros((rows, columns, 1, 1), "float32")
        mask[: rows // 2] = 1.0
        mask[rows // 2, : columns // 2 + self.itself] = 1.0
        mask = ops.cast(mask, kernel.dtype)
        return super().convolution_op(inputs, kernel * mask)

    def get_config(self):
        config = super().get_config()
        config.update({"itself": self.itself})
        return config


@keras.saving.register_keras_serializable(package="kerasad")
class CausalAttention(keras.layers.Layer):
    """Attention of each cell to itself and the cells before; one head.

    Args:
        size: int. Length of queries and keys.

    Input shape:
        `(batch, rows, columns, channels)`.

    Output shape:
        Same as the input.

    Reference:

    - [Chen et al., 2018](https://arxiv.org/abs/1712.09763), section 2
    """

    def __init__(self, size=16, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def build(self, input_shape):
        dense = {"dtype": self.dtype_policy}
        self.query = keras.layers.Dense(self.size, name="query", **dense)
        self.key = keras.layers.Dense(self.size, name="key", **dense)
        self.value = keras.layers.Dense(input_shape[-1], name="value", **dense)
        for child in (self.query, self.key, self.value):
            child.build(input_shape)
        super().build(input_shape)

    def call(self, inputs):
        rows, columns, channels = inputs.shape[1:]
        cells = rows * columns
        flat = ops.reshape(inputs, (-1, cells, channels))
        keys = ops.transpose(self.key(flat), (0, 2, 1))
        scores = ops.matmul(self.query(flat), keys) / self.size**0.5
        later = np.triu(np.full((cells, cells), -1e9, "float32"), 1)
        scores = ops.add(ops.cast(scores, "float32"), later)
        weights = ops.cast(ops.softmax(scores, axis=-1), flat.dtype)
        found = ops.matmul(weights, self.value(flat))
        return ops.reshape(found, (-1, rows, columns, channels))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        config = super().get_config()
        config.update({"size": self.size})
        return config
