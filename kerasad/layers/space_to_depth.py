import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasad")
class SpaceToDepth(keras.layers.Layer):
    """Moves each block of pixels into the channels; nothing is lost.

    The stem that makes Model II affordable on a CPU: a convolution costs
    `block**2` times less on its output.

    Args:
        block: int, in pixels. Side of the block.

    Input shape:
        4D tensor, `(batch, height, width, channels)`; the sides are
        multiples of `block`.

    Output shape:
        `(batch, height / block, width / block, channels * block**2)`.

    Reference:

    - [Shi et al., 2016](https://arxiv.org/abs/1609.05158), the inverse of
      section 2.2
    """

    def __init__(self, block=4, **kwargs):
        super().__init__(**kwargs)
        self.block = block

    def call(self, inputs):
        block = self.block
        height, width, channels = map(int, inputs.shape[1:])
        x = ops.reshape(
            inputs,
            (-1, height // block, block, width // block, block, channels),
        )
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(
            x, (-1, height // block, width // block, block**2 * channels)
        )

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        if height % self.block or width % self.block:
            raise ValueError(
                f"Input sides must be multiples of block={self.block}. "
                f"Received: input_shape={input_shape}"
            )
        return (
            batch,
            height // self.block,
            width // self.block,
            channels * self.block**2,
        )

    def get_config(self):
        return {**super().get_config(), "block": self.block}


@keras.saving.register_keras_serializable(package="kerasad")
class DepthToSpace(keras.layers.Layer):
    """Pixel shuffle: the inverse of `SpaceToDepth`.

    Args:
        block: int, in pixels. Side of the block.

    Input shape:
        4D tensor, `(batch, height, width, channels)`; the channels are a
        multiple of `block**2`.

    Output shape:
        `(batch, height * block, width * block, channels / block**2)`.

    Reference:

    - [Shi et al., 2016](https://arxiv.org/abs/1609.05158), section 2.2
    """

    def __init__(self, block=4, **kwargs):
        super().__init__(**kwargs)
        self.block = block

    def call(self, inputs):
        block = self.block
        height, width, channels = map(int, inputs.shape[1:])
        channels = channels // block**2
        x = ops.reshape(inputs, (-1, height, width, block, block, channels))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (-1, height * block, width * block, channels))

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        if channels % self.block**2:
            raise ValueError(
                f"Input channels must be a multiple of {self.block**2}, the "
                f"square of block. Received: input_shape={input_shape}"
            )
        return (
            batch,
            height * self.block,
            width * self.block,
            channels // self.block**2,
        )

    def get_config(self):
        return {**super().get_config(), "block": self.block}
