import keras
import numpy as np
from keras import ops

MARGIN = 0.06  # added to the spread, of the range [0, 1]
LIMIT = 4.0  # of the deviation
CHANNELS = 8  # 3 of the image, 3 of the deviation, 2 of the place


@keras.saving.register_keras_serializable(package="kerasad")
class Context(keras.layers.Layer):
    """Adds to each pixel how unusual it is at its place, and where it is.

    ```python
    deviation = clip((image - mean) / (spread + 0.06), -4, 4)
    outputs = concatenate([image, deviation, y, x])
    ```

    `mean` and `spread` are those of the normal training images, pixel by
    pixel and colour by colour. For a product that always lies alike the
    deviation shows much of a defect at once; for a texture it is a constant
    change of contrast. Learnt with `fit`; the host twin `context_of` lets a
    data set make the same channels for a crop.

    Input shape:
        `(batch, height, width, 3)`, in `[0, 1]`.

    Output shape:
        `(batch, height, width, 8)`: image, deviation, `y` and `x` in
        `[-1, 1]`.
    """

    def build(self, input_shape):
        shape = tuple(input_shape[1:])
        options = {"shape": shape, "trainable": False, "dtype": "float32"}
        self.mean = self.add_weight(initializer="zeros", name="mean", **options)
        self.spread = self.add_weight(
            initializer="ones", name="spread", **options
        )
        super().build(input_shape)

    def fit(self, images):
        """Learns from uint8 normal images, `(n, height, width, 3)`."""
        if not self.built:
            self.build((None, *images.shape[1:]))
        mean, spread = statistics(images)
        self.mean.assign(mean)
        self.spread.assign(spread)

    def call(self, images):
        height, width = map(int, images.shape[1:3])
        deviation = ops.clip(
            (images - self.mean) / (self.spread + MARGIN), -LIMIT, LIMIT
        )
        place = ops.convert_to_tensor(places(height, width)[None])
        place = ops.broadcast_to(
            place, (ops.shape(images)[0], height, width, 2)
        )
        return ops.concatenate([images, deviation, place], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], CHANNELS)


@keras.saving.register_keras_serializable(package="kerasad")
class PlaceFeatures(keras.layers.Layer):
    """`y` and `x` in `[-1, 1]` with their sines and cosines.

    Input shape:
        `(batch, height, width, 2)`.

    Output shape:
        `(batch, height, width, 2 + 8)`: two frequencies, of one and two
        periods over the image.
    """

    def call(self, places):
        angles = ops.concatenate([np.pi * places, 2.0 * np.pi * places], -1)
        return ops.concatenate(
            [places, ops.sin(angles), ops.cos(angles)], axis=-1
        )

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 10)


def statistics(images):
    """Mean and standard deviation of uint8 images, float32 in `[0, 1]`."""
    total = np.zeros(images.shape[1:])
    square = np.zeros(images.shape[1:])
    for image in images:
        value = image / 255.0
        total += value
        square += value**2
    mean = total / len(images)
    spread = np.sqrt(np.maximum(square / len(images) - mean**2, 0.0))
    return mean.astype("float32"), spread.astype("float32")


def places(height, width):
    """`(height, width, 2)` float32: `y` and `x` from -1 to 1."""
    y, x = np.linspace(-1, 1, height), np.linspace(-1, 1, width)
    return np.stack(np.meshgrid(y, x, indexing="ij"), -1).astype("float32")


class HostContext:
    """`Context` in numpy, for any window of the image.

    Args:
        images: uint8 normal images that the statistics are learnt from.
    """

    def __init__(self, images):
        self.mean, spread = statistics(images)
        self.scale = 1.0 / (spread + np.float32(MARGIN))
        self.places = places(*images.shape[1:3])

    def __call__(self, image, window, out):
        """Fills `out`, `(h, w, 8)`, for `image`, the content of `window`."""
        deviation = image - self.mean[window]
        deviation *= self.scale[window]
        np.clip(deviation, -LIMIT, LIMIT, out=deviation)
        # Channel by channel: numpy would loop over three values a pixel.
        for c in range(3):
            out[..., c] = image[..., c]
            out[..., 3 + c] = deviation[..., c]
        for c in range(2):
            out[..., 6 + c] = self.places[window][..., c]
