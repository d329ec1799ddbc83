"""Convolutions with channels last that PyTorch computes without copies.

Keras 3.15 copies the input of each such convolution twice on PyTorch, to
channels first and back: two thirds of the time of a small backbone. Told that
the channels are first, it leaves the layout alone, and a transposed view is
what PyTorch's convolutions work on best. The other backends have channels
last, TensorFlow on a CPU nothing else.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasad")
class LeanConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` with channels last, in the same numbers."""

    def call(self, inputs):
        if keras.backend.backend() != "torch":
            return super().call(inputs)
        return convolved(ops.conv, self, inputs)


@keras.saving.register_keras_serializable(package="kerasad")
class Conv2D(LeanConv2D):
    """`LeanConv2D` where files call the layer `conv2d`, as Keras's own.

    A `.keras` file names weights by the class of their layer: under another
    name those of a detector saved before would not be found.
    """


@keras.saving.register_keras_serializable(package="kerasad")
class LeanDepthwiseConv2D(keras.layers.DepthwiseConv2D):
    """`keras.layers.DepthwiseConv2D` with channels last, likewise."""

    def call(self, inputs):
        if keras.backend.backend() != "torch":
            return super().call(inputs)
        return convolved(ops.depthwise_conv, self, inputs)


def convolved(convolve, layer, x):
    """What a layer computes of `(B, H, W, C)`, by way of `(B, C, H, W)`."""
    x = convolve(
        ops.transpose(x, (0, 3, 1, 2)),
        layer.kernel,
        strides=layer.strides,
        padding=layer.padding,
        dilation_rate=layer.dilation_rate,
        data_format="channels_first",
    )
    x = ops.transpose(x, (0, 2, 3, 1))
    if layer.use_bias:
        x = x + layer.bias
    return x if layer.activation is None else layer.activation(x)
