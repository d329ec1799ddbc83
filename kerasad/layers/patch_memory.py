import keras
import numpy as np
from keras import ops

from kerasad.layers.nearest import FAR, nearest_nearby, remembered
from kerasad.layers.once import once


@keras.saving.register_keras_serializable(package="kerasad")
class PatchMemory(keras.layers.Layer):
    """Distance of each patch to the nearest patch of a normal image nearby.

    Patches of `patch` pixels at every `stride` pixels are projected onto
    their principal components, damped towards equal variance, and compared
    with those of the training images at the same place, `window` steps more
    or less. What has been there before is near; a defect is far from
    everything. Nothing is trained by gradients and no pretrained features
    are used.

    Deviations from PatchCore: components of raw pixels instead of deep
    features, a memory for each place instead of one for all, and no core
    set.

    Args:
        scale: int. Images are averaged down by it first.
        patch: int, in pixels of the scale. Side of a patch.
        stride: int, in pixels of the scale. Between patches.
        dims: int. Number of principal components.
        memory: int. Images in the memory.
        window: int, in strides. How far away a patch may have been seen.

    Input shape:
        `(batch, height, width, 3)`, in `[0, 1]`; the sides are multiples of
        `scale * stride`.

    Output shape:
        `(batch, height / (scale * stride), width / (scale * stride))`, in
        units of the damped components, at least 0.

    Reference:

    - [Roth et al., 2022](https://arxiv.org/abs/2106.08265)
    """

    def __init__(
        self,
        scale=1,
        patch=8,
        stride=4,
        dims=24,
        memory=200,
        window=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.scale = scale
        self.patch = patch
        self.stride = stride
        self.dims = dims
        self.memory = memory
        self.window = window

    def build(self, input_shape):
        step = self.scale * self.stride
        rows, columns = input_shape[1] // step, input_shape[2] // step
        fixed = {"trainable": False, "initializer": "zeros"}
        self.kernel = self.add_weight(
            shape=(self.patch, self.patch, 3, self.dims),
            name="kernel",
            dtype="float32",
            **fixed,
        )
        self.offset = self.add_weight(
            shape=(self.dims,), name="offset", dtype="float32", **fixed
        )
        # Half precision in the file and in memory: the rounding is far below
        # the distance between two normal images.
        self.bank = self.add_weight(
            shape=(rows, columns, self.dims, self.memory),
            name="bank",
            dtype="float16",
            **fixed,
        )
        super().build(input_shape)

    def call(self, images, owners=None):
        """`owners`: `(batch,)` places in the memory to leave out, one each."""
        queries = ops.transpose(self.features(images), (1, 2, 0, 3))
        bank, centre = once(self, self.bank, self.prepared)
        far = None
        if owners is not None:
            own = ops.equal(owners[:, None], np.arange(self.memory)[None])
            far = FAR * ops.cast(own, "float32")
        nearest = nearest_nearby(queries, bank, centre, self.window, far)
        return ops.transpose(ops.sqrt(nearest), (2, 0, 1))

    def prepared(self):
        """The bank as it is searched, cast once for many images."""
        return remembered(ops.cast(self.bank, "float32"))

    def features(self, images):
        """Damped principal components, `(B, rows, columns, dims)`."""
        x = shrink(images, self.scale)
        before = (self.patch - self.stride) // 2
        after = self.patch - self.stride - before
        x = ops.pad(x, [[0, 0], [before, after], [before, after], [0, 0]])
        x = ops.conv(
            x,
            self.kernel,
            strides=self.stride,
            padding="valid",
            data_format="channels_last",
        )
        return x + self.offset

    def fit(self, images, rng, batch_size=16):
        """Fills the memory from normal images.

        Args:
            images: uint8 `(n, height, width, 3)`; at most `memory` of them.
            rng: `numpy.random.Generator`, picks the patches that the
                components are computed from.
        """
        if not self.built:
            self.build((None, *images.shape[1:]))
        self.fit_components(images, rng)
        rows = []
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size].astype("float32")
            rows.append(ops.convert_to_numpy(self.features(batch / 255.0)))
        bank = np.concatenate(rows).transpose(1, 2, 3, 0)
        # A place that no image fills repeats the first image.
        full = np.repeat(bank[..., :1], self.memory, axis=-1)
        full[..., : len(images)] = bank
        self.bank.assign(full.astype("float16"))

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
        return (input_shape[0], input_shape[1] // step, input_shape[2] // step)

    def get_config(self):
        config = super().get_config()
        names = ("scale", "patch", "stride", "dims", "memory", "window")
        return {**config, **{name: getattr(self, name) for name in names}}


def shrink(images, scale):
    """Images with sides divided by `scale`, a whole number."""
    if scale == 1:
        return images
    return ops.average_pool(images, scale, scale, data_format="channels_last")
