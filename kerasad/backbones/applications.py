"""Backbones of `keras.applications`, cut after the last tap."""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from kerasad.errors import InputError
from kerasad.plain_keras import plain_keras

# Name, and the last layer at each of the strides 4, 8 and 16.
APPLICATIONS = {
    "efficientnet-b0": (
        "EfficientNetB0",
        ("block2b_add", "block3b_add", "block5c_add"),
    ),
    "mobilenet-v3-large": (
        "MobileNetV3Large",
        ("expanded_conv_2_add", "expanded_conv_5_add", "expanded_conv_11_add"),
    ),
    "mobilenet-v3-small": (
        "MobileNetV3Small",
        # No block at stride 4 has a sum; this is the end of the only one.
        (
            "expanded_conv_project_bn",
            "expanded_conv_2_add",
            "expanded_conv_7_add",
        ),
    ),
    "resnet50": (
        "ResNet50",
        ("conv2_block3_out", "conv3_block4_out", "conv4_block6_out"),
    ),
    "convnext-tiny": (
        "ConvNeXtTiny",
        (
            "convnext_tiny_stage_0_block_2_identity",
            "convnext_tiny_stage_1_block_2_identity",
            "convnext_tiny_stage_2_block_8_identity",
        ),
    ),
}
CAFFE_MEAN = (123.68, 116.779, 103.939)  # of ImageNet, in levels of 255, RGB
IMAGENET_MEAN = np.array([0.485, 0.456, 0.406])
IMAGENET_STD = np.array([0.229, 0.224, 0.225])


def build(name, image_size, weights="imagenet", taps=None):
    """A frozen model of `keras.applications` with its preprocessing inside.

    Args:
        name: a key of `APPLICATIONS`.
        image_size: pair of ints, `(height, width)` in pixels.
        weights: `"imagenet"` for Keras's own download, the path of weights
            without the classifier as Keras distributes or saves them, or
            `None` for random weights.
        taps: names of layers.
    """
    kind, default = APPLICATIONS[name]
    maker = getattr(keras.applications, kind)
    taps = tuple(taps or default)
    with plain_keras():
        images = keras.Input((*image_size, 3), name="images")
        x = layers.Rescaling(255.0, name="levels")(images)
        options = {}
        if kind == "ResNet50":
            x = normalised(x, CAFFE_MEAN, np.ones(3))
        if kind == "ConvNeXtTiny":
            # In place of Keras's own, for the reason `normalised` gives.
            x = normalised(x, 255 * IMAGENET_MEAN, (255 * IMAGENET_STD) ** 2)
            options = {"include_preprocessing": False}
        base = maker(include_top=False, weights=None, input_tensor=x, **options)
        if weights is not None:
            fill(base, maker, weights)
        outputs = [output(base, tap) for tap in taps]
        model = keras.Model(images, outputs, name=name.replace("-", "_"))
    model.trainable = False
    return model


def normalised(x, mean, variance):
    """Channels less a mean, over a spread, both held as weights.

    Given as arguments, Keras would turn them into tensors of the type of
    `floatx` when the detector is loaded, and so round them.
    """
    layer = layers.Normalization(axis=-1, name="normalise")
    outputs = layer(x)
    layer.set_weights([np.float32(mean), np.float32(variance), np.array(0)])
    layer.finalize_state()
    return outputs


def output(base, tap):
    """What a layer gives; of the last in a block of ConvNeXt, the sum."""
    names = [operation.name for operation in base.operations]
    if tap not in names:
        raise InputError(
            f"a tap must be the name of a layer of {base.name}. "
            f"Received: {str(tap)[:60]!r}"
        )
    # The sums have no names of their own.
    summed = base.name.startswith("convnext") and tap.endswith("_identity")
    return base.operations[names.index(tap) + summed].output


def fill(base, maker, weights):
    """Weights for RGB in `[0, 255]`, whatever they were trained with."""
    # At its own size, or MobileNet warns.
    options = {"include_top": False, "input_shape": (224, 224, 3)}
    if weights == "imagenet":
        try:
            source = maker(**options)
        except Exception as error:
            raise InputError(
                f"the weights of {maker.__name__} cannot be downloaded: set "
                "weights to the path of a file of them"
            ) from error
    elif not Path(weights).is_file():
        raise InputError(f"{weights}: no such file of backbone weights")
    else:
        try:
            source = maker(weights=None, **options)
            source.load_weights(weights)
        except Exception as error:
            raise InputError(
                f"{weights}: holds no weights of {maker.__name__} without "
                "its classifier"
            ) from error
    # What we put before it comes first, and keeps its weights.
    filled = source.get_weights()
    own = base.get_weights()[: len(base.weights) - len(filled)]
    base.set_weights(own + filled)
    if maker.__name__ == "ResNet50":  # trained on BGR
        first = base.get_layer("conv1_conv")
        kernel, *rest = first.get_weights()
        first.set_weights([kernel[:, :, ::-1], *rest])
    if maker.__name__ == "EfficientNetB0":
        # Trained with a division by the variance, for which Keras inserts a
        # layer whose meaning depends on the global image data format.
        [first] = [
            x for x in base.layers if isinstance(x, layers.Normalization)
        ]
        mean, variance, *rest = first.get_weights()
        first.set_weights([mean, variance * IMAGENET_STD, *rest])
        first.finalize_state()
