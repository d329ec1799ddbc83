"""Convolutions with channels last in the form that each backend is quick at.

Keras 3.15 copies the input of each such convolution twice on PyTorch, to
channels first and back: two thirds of the time of a small backbone. Told that
the channels are first, it leaves the layout alone, and a transposed view is
what PyTorch's convolutions work on best. The other backends have channels
last, TensorFlow on a CPU nothing else.

Of what is left on PyTorch, two thirds go to memory for biases, ReLU6 and
padding, one after the other. So they work in place, and what "same" pads on
one side only is read by a kernel of one line more, which is zero.

Depthwise, XLA has none for a CPU but one value at a time, nine tenths of the
time of a small backbone on JAX; as a sum of shifted products it is one loop.
"""

import keras
from keras import ops
from keras.activations import relu6


@keras.saving.register_keras_serializable(package="kerasad")
class LeanConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` with channels last, in the same numbers."""

    def call(self, inputs):
        if keras.backend.backend() == "torch":
            return convolved(ops.conv, self, inputs)
        if skips(self):
            x = ops.conv(
                taken(self, inputs),
                self.kernel,
                data_format="channels_last",
            )
            return finished(self, x)
        return super().call(inputs)


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
        backend = keras.backend.backend()
        if backend == "jax" and self.depth_multiplier == 1:
            return shifted_products(self, inputs)
        if backend != "torch":
            return super().call(inputs)
        return convolved(ops.depthwise_conv, self, inputs)


def convolved(convolve, layer, x):
    """What a layer computes of `(B, H, W, C)`, by way of `(B, C, H, W)`."""
    skipping = skips(layer)
    x = taken(layer, x) if skipping else x
    x = convolve(
        ops.transpose(x, (0, 3, 1, 2)),
        widened(layer.kernel) if pads_unevenly(layer, x) else layer.kernel,
        strides=1 if skipping else layer.strides,
        padding=layer.padding,
        dilation_rate=layer.dilation_rate,
        data_format="channels_first",
    )
    return finished(layer, ops.transpose(x, (0, 2, 3, 1)))


def pads_unevenly(layer, x):
    """Whether each side gets one pixel more behind than before.

    Which PyTorch does by a copy of all, and of a kernel of one line more not.
    Not while it traces, when sizes are tensors: ONNX wants kernels as they are.
    """
    if layer.padding != "same" or layer.dilation_rate != (1, 1):
        return False
    if not all(isinstance(side, int) for side in x.shape[1:3]):
        return False
    sizes = zip(x.shape[1:3], layer.kernel_size, layer.strides, strict=True)
    pads = [
        (-(-side // step) - 1) * step + taps - side
        for side, taps, step in sizes
    ]
    return all(pad > 0 and pad % 2 == 1 for pad in pads)


def widened(kernel):
    """A kernel `(h, w, I, O)` with a line of zeros before its first ones."""
    return ops.pad(kernel, [(1, 0), (1, 0), (0, 0), (0, 0)])


def skips(layer):
    """Whether a convolution reads some places of its input and no others.

    Its gradient by oneDNN, in PyTorch 2.13 and TensorFlow 2.21, writes beyond
    its memory where there are fewer channels than a vector has: 8 with AVX2.
    The places that are read, taken out before, leave a common one.
    """
    return layer.kernel_size == (1, 1) and layer.strides != (1, 1)


def taken(layer, x):
    """Of `(B, H, W, C)` the places that such a convolution reads."""
    return x[:, :: layer.strides[0], :: layer.strides[1]]


def shifted_products(layer, x):
    """A depthwise convolution of `(B, H, W, C)`, value of the kernel by value.

    The sides of `x` are known.
    """
    kernel, pads, places = layer.kernel[..., 0], [(0, 0)], []
    for side, taps, step, dilation in zip(
        x.shape[1:3],
        kernel.shape,
        layer.strides,
        layer.dilation_rate,
        strict=False,  # the last of the kernel's sides are the channels
    ):
        reach = dilation * (taps - 1)
        count, pad = (side - reach - 1) // step + 1, 0
        if layer.padding == "same":
            count = -(-side // step)
            pad = max(0, (count - 1) * step + reach + 1 - side)
        pads.append((pad // 2, pad - pad // 2))
        span = (count - 1) * step + 1
        firsts = range(0, reach + 1, dilation)
        places.append([slice(first, first + span, step) for first in firsts])
    x = ops.pad(x, [*pads, (0, 0)])
    products = (
        x[:, rows, columns] * kernel[i, j]
        for i, rows in enumerate(places[0])
        for j, columns in enumerate(places[1])
    )
    return finished(layer, sum(products))


def finished(layer, x):
    """With the layer's bias and activation; `x` is nobody else's."""
    if layer.use_bias:
        x += ops.convert_to_tensor(layer.bias)  # in place on PyTorch
    if layer.activation is None:
        return x
    if layer.activation is relu6 and in_place(x):
        return x.clamp_(0.0, 6.0)
    return layer.activation(x)


def in_place(x):
    """Whether values may be written over: on PyTorch, without gradients."""
    return keras.backend.backend() == "torch" and not x.requires_grad
