import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="kerasad")
class PatchFeatures(keras.layers.Layer):
    """What patches of an image look like, as damped principal components.

    Patches of `patch` pixels at every `stride` pixels, on the components of
    those of normal images. Nothing is trained by gradients and no pretrained
    features are used.

    Args:
        scale: int. Images are averaged down by it first.
        patch: int, in pixels of the scale. Side of a patch.
        stride: int, in pixels of the scale. Between patches.
        dims: int. Number of principal components.
        inside: bool. Whether a place at the border has the nearest patch
            that lies inside of the image; if not, its own goes on in black,
            which is like nothing seen elsewhere.

    Input shape:
        `(batch, height, width, 3)`, in `[0, 1]`; the sides are multiples of
        `scale * stride`.

    Output shape:
        `(batch, height / (scale * stride), width / (scale * stride), dims)`.
    """

    def __init__(
        self, scale=1, patch=8, stride=4, dims=24, inside=False, **kwargs
    ):
        super().__init__(**kwargs)
        self.scale = scale
        self.patch = patch
        self.stride = stride
        self.dims = dims
        if inside and (patch - stride) % (2 * stride):
            raise ValueError(
                "With `inside` patches must lie on places of the grid: "
                "`patch - stride` a multiple of `2 * stride`. Received: "
                f"patch={patch}, stride={stride}"
            )
        self.inside = inside

    def build(self, input_shape):
        fixed = {"trainable": False, "initializer": "zeros", "dtype": "float32"}
        self.kernel = self.add_weight(
            shape=(self.patch, self.patch, 3, self.dims), name="kernel", **fixed
        )
        self.offset = self.add_weight(
            shape=(self.dims,), name="offset", **fixed
        )
        super().build(input_shape)

    def call(self, images):
        return self.features(images)

    def features(self, images):
        """Damped principal components, `(B, rows, columns, dims)`."""
        x = shrink(images, self.scale)
        before = (self.patch - self.stride) // 2
        after = self.patch - self.stride - before
        if not self.inside:
            x = ops.pad(x, [[0, 0], [before, after], [before, after], [0, 0]])
        x = ops.conv(
            x,
            self.kernel,
            strides=self.stride,
            padding="valid",
            data_format="channels_last",
        )
        x = x + self.offset
        return self.extended(x, before // self.stride) if self.inside else x

    def features_of(self, images, batch_size=16):
        """The same of uint8 images, a few at a time, as a numpy array."""
        rows = []
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size].astype("float32")
            rows.append(ops.convert_to_numpy(self.features(batch / 255.0)))
        return np.concatenate(rows)

    def extended(self, x, count):
        """Features of patches inside, with those at the border repeated."""
        top, bottom = [x[:, :1]] * count, [x[:, -1:]] * count
        x = ops.concatenate([*top, x, *bottom], axis=1)
        left, right = [x[:, :, :1]] * count, [x[:, :, -1:]] * count
        return ops.concatenate([*left, x, *right], axis=2)

    def fit_components(self, images, rng, patches=40_000):
        """Learns the projection of patches from uint8 images.

        Principal components of at most 64 images, each divided by the
        fourth root of its variance.
        """
        chosen = rng.permutation(len(images))[:64]
        small = shrink(images[chosen].astype("float32") / 255.0, self.scale)
        small = ops.convert_to_numpy(small)
        high, wide = (side - self.patch + 1 for side in small.shape[1:3])
        patches = min(patches, len(small) * high * wide)
        rows = rng.integers(high, size=patches)
        columns = rng.integers(wide, size=patches)
        owners = rng.integers(len(small), size=patches)
        reach = np.arange(self.patch)
        sample = small[
            owners[:, None, None],
            rows[:, None, None] + reach[:, None],
            columns[:, None, None] + reach[None, :],
        ].reshape(patches, -1)
        mean = sample.mean(axis=0, dtype="float64")
        values, vectors = np.linalg.eigh(np.cov((sample - mean).T))
        values, vectors = values[::-1], vectors[:, ::-1]
        # The fourth root of the variance: half way to whitening, so that a
        # faint component counts without its noise taking over.
        damped = vectors / (np.maximum(values, 0.0) ** 0.25 + 1e-3)
        damped = damped[:, : self.dims]
        shape = (self.patch, self.patch, 3, -1)
        self.kernel.assign(damped.reshape(shape).astype("float32"))
        self.offset.assign((-mean @ damped).astype("float32"))

    def compute_output_shape(self, input_shape):
        step = self.scale * self.stride
        batch, height, width = input_shape[:3]
        return (batch, height // step, width // step, self.dims)

    def get_config(self):
        names = ("scale", "patch", "stride", "dims", "inside")
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own}


def shrink(images, scale):
    """Images with sides divided by `scale`, a whole number."""
    if scale == 1:
        return images
    return ops.average_pool(images, scale, scale, data_format="channels_last")
