import keras
from keras import ops

from kerasad.layers.lean_convolution import Conv2D

LEAST = 4  # units in the perceptron


@keras.saving.register_keras_serializable(package="kerasad")
class ChannelAttention(keras.layers.Layer):
    """Gates every channel by a weight learned from its mean and maximum.

    The first half of CBAM: mean and maximum over the pixels go through one
    shared perceptron, are added and squashed to `(0, 1)`.

    Args:
        ratio: int. The hidden layer of the perceptron is so many times
            narrower than the input, and at least four units wide: a single
            one is as likely dead as not, and the gate then a constant.

    Input shape:
        4D tensor, `(batch, height, width, channels)`.

    Output shape:
        Same as the input.

    Reference:

    - [Woo et al., 2018](https://arxiv.org/abs/1807.06521), equation 2
    """

    def __init__(self, ratio=16, **kwargs):
        super().__init__(**kwargs)
        if ratio < 1:
            raise ValueError(
                f"Argument `ratio` must be at least 1. Received: ratio={ratio}"
            )
        self.ratio = ratio

    def build(self, input_shape):
        channels = input_shape[-1]
        hidden = max(LEAST, channels // self.ratio)
        self.squeeze = keras.layers.Dense(
            hidden,
            activation="relu",
            kernel_initializer="he_normal",
            dtype=self.dtype_policy,
            name="squeeze",
        )
        self.excite = keras.layers.Dense(
            channels, dtype=self.dtype_policy, name="excite"
        )
        self.squeeze.build((None, channels))
        self.excite.build((None, hidden))
        super().build(input_shape)

    def call(self, inputs):
        mean = self.excite(self.squeeze(ops.mean(inputs, axis=(1, 2))))
        peak = self.excite(self.squeeze(ops.max(inputs, axis=(1, 2))))
        gate = ops.sigmoid(mean + peak)
        return inputs * gate[:, None, None, :]

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "ratio": self.ratio}


@keras.saving.register_keras_serializable(package="kerasad")
class SpatialAttention(keras.layers.Layer):
    """Gates every pixel by a weight learned from its channel statistics.

    The second half of CBAM: the channel-wise mean and maximum are stacked,
    convolved to one channel and squashed to `(0, 1)`.

    Args:
        kernel_size: odd int, in pixels. Side of the convolution window.

    Input shape:
        4D tensor, `(batch, height, width, channels)`.

    Output shape:
        Same as the input.

    Reference:

    - [Woo et al., 2018](https://arxiv.org/abs/1807.06521), equation 3
    """

    def __init__(self, kernel_size=7, **kwargs):
        super().__init__(**kwargs)
        if kernel_size % 2 == 0:
            raise ValueError(
                "Argument `kernel_size` must be odd. "
                f"Received: kernel_size={kernel_size}"
            )
        self.kernel_size = kernel_size
        self.gate = Conv2D(
            1,
            kernel_size,
            padding="same",
            activation="sigmoid",
            use_bias=False,
            data_format="channels_last",
            dtype=self.dtype_policy,
            name="gate",
        )

    def build(self, input_shape):
        self.gate.build((*input_shape[:-1], 2))
        super().build(input_shape)

    def call(self, inputs):
        mean = ops.mean(inputs, axis=-1, keepdims=True)
        peak = ops.max(inputs, axis=-1, keepdims=True)
        return inputs * self.gate(ops.concatenate([mean, peak], axis=-1))

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "kernel_size": self.kernel_size}


@keras.saving.register_keras_serializable(package="kerasad")
class CBAM(keras.layers.Layer):
    """Convolutional block attention: first the channels, then the pixels.

    Args:
        ratio: see `ChannelAttention`.
        kernel_size: see `SpatialAttention`.

    Input shape:
        4D tensor, `(batch, height, width, channels)`.

    Output shape:
        Same as the input.

    Reference:

    - the paper, section 4.2, architecture 2, which names the module; ratio
      and window are those of its source,
      [Woo et al., 2018](https://arxiv.org/abs/1807.06521), section 3
    """

    def __init__(self, ratio=16, kernel_size=7, **kwargs):
        super().__init__(**kwargs)
        self.ratio = ratio
        self.kernel_size = kernel_size
        self.channels = ChannelAttention(
            ratio, dtype=self.dtype_policy, name="channels"
        )
        self.pixels = SpatialAttention(
            kernel_size, dtype=self.dtype_policy, name="pixels"
        )

    def build(self, input_shape):
        self.channels.build(input_shape)
        self.pixels.build(input_shape)
        super().build(input_shape)

    def call(self, inputs):
        return self.pixels(self.channels(inputs))

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        config = super().get_config()
        config.update({"ratio": self.ratio, "kernel_size": self.kernel_size})
        return config
