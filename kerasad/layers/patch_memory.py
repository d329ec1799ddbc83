import keras
import numpy as np
from keras import ops

from kerasad.layers.nearest import FAR, nearest_nearby, remembered
from kerasad.layers.once import once
from kerasad.layers.patch_features import PatchFeatures


@keras.saving.register_keras_serializable(package="kerasad")
class PatchMemory(PatchFeatures):
    """Distance of each patch to the nearest patch of a normal image nearby.

    `PatchFeatures` are compared with those of the training images at the
    same place, `window` steps more or less. What has been there before is
    near; a defect is far from everything.

    Deviations from PatchCore: components of raw pixels instead of deep
    features, a memory for each place instead of one for all, and no core
    set.

    Args:
        scale, patch, stride, dims: see `PatchFeatures`.
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
        super().__init__(scale, patch, stride, dims, **kwargs)
        self.memory = memory
        self.window = window

    def build(self, input_shape):
        step = self.scale * self.stride
        rows, columns = input_shape[1] // step, input_shape[2] // step
        super().build(input_shape)
        # Half precision in the file and in memory: the rounding is far below
        # the distance between two normal images.
        self.bank = self.add_weight(
            shape=(rows, columns, self.dims, self.memory),
            name="bank",
            dtype="float16",
            initializer="zeros",
            trainable=False,
        )

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
        bank = self.features_of(images, batch_size).transpose(1, 2, 3, 0)
        # A place that no image fills repeats the first image.
        full = np.repeat(bank[..., :1], self.memory, axis=-1)
        full[..., : len(images)] = bank
        self.bank.assign(full.astype("float16"))

    def compute_output_shape(self, input_shape):
        return super().compute_output_shape(input_shape)[:3]

    def get_config(self):
        own = {"memory": self.memory, "window": self.window}
        return {**super().get_config(), **own}
