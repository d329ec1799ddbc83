import keras
import numpy as np
from keras import ops

from kerasad.layers.feature_gaussian import FLOOR
from kerasad.layers.once import once

GROUP = 8  # components at a time: bounds the memory of a batch
STEADY = 200.0  # features that the shared covariance counts as
SAMPLE = 150_000  # features that the mixture is learnt from


@keras.saving.register_keras_serializable(package="kerasad")
class FeatureMixture(keras.layers.Layer):
    """How unlikely each feature is among those seen anywhere.

    For textures and parts that lie differently in each picture: features of
    normal images fall into kinds (ground, edges, faces), each with its mean
    and covariance. The value is that of the likeliest kind, the squared
    Mahalanobis distance plus the logarithm of the determinant.

    Args:
        components: int, a multiple of 8. Kinds of features.

    Input shape:
        `(batch, rows, columns, dims)`.

    Output shape:
        `(batch, rows, columns)`, twice a negative logarithm of a density
        but for a constant. May be negative; higher is more anomalous.
    """

    def __init__(self, components=64, **kwargs):
        super().__init__(**kwargs)
        self.components = components

    def build(self, input_shape):
        dims, count = input_shape[-1], self.components
        fixed = {"trainable": False, "initializer": "zeros"}
        self.whitener = self.add_weight(
            shape=(count, dims, dims), name="whitener", dtype="float16", **fixed
        )
        self.shift = self.add_weight(
            shape=(count, 1, dims), name="shift", dtype="float32", **fixed
        )
        self.volume = self.add_weight(
            shape=(count, 1), name="volume", dtype="float32", **fixed
        )
        super().build(input_shape)

    def call(self, features, owners=None):
        """`owners` changes nothing: one image is too little of the sample."""
        rows, columns, dims = features.shape[1:]
        flat = ops.reshape(features, (-1, dims))
        whiteners = once(self, self.whitener, self.prepared)
        distances = []
        for start in range(0, self.components, GROUP):
            part = slice(start, start + GROUP)
            white = ops.matmul(flat, whiteners[start // GROUP])
            white = ops.reshape(white, (-1, GROUP, dims)) - self.shift[part, 0]
            distances.append(ops.sum(ops.square(white), axis=-1))
        # Of all kinds at once: OpenVINO 2026.4 adds rubbish to each group.
        value = ops.concatenate(distances, axis=-1) + self.volume[:, 0]
        return ops.reshape(ops.min(value, axis=-1), (-1, rows, columns))

    def prepared(self):
        """The whiteners of a group side by side, in single precision.

        `(kinds / 8, dims, 8 * dims)`: a plain product of matrices, which
        every runtime has, OpenVINO not that of many at once.
        """
        dims = self.whitener.shape[-1]
        whiteners = ops.cast(self.whitener, "float32")
        whiteners = ops.reshape(whiteners, (-1, GROUP, dims, dims))
        whiteners = ops.transpose(whiteners, (0, 2, 1, 3))
        return ops.reshape(whiteners, (-1, dims, GROUP * dims))

    def fit(self, features, rng):
        """Learns the kinds of features.

        Args:
            features: float array `(n, rows, columns, dims)` of normal images.
            rng: `numpy.random.Generator`.
        """
        if not self.built:
            self.build((None, *features.shape[1:]))
        flat = features.reshape(-1, features.shape[-1])
        flat = flat[rng.permutation(len(flat))[:SAMPLE]].astype("float32")
        kinds = k_means(flat, self.components, rng)
        shared, found = 0.0, []
        for kind in range(self.components):
            own = flat[kinds == kind]
            if len(own) == 0:
                own = flat[:1]  # as many as there are different features
            centred = own - own.mean(axis=0)
            products = centred.T.astype("float64") @ centred
            shared = shared + products / len(flat)
            found.append((own.mean(axis=0), products, len(own)))
        identity = FLOOR * np.eye(flat.shape[-1])
        whiteners, shifts, volumes = [], [], []
        for mean, products, count in found:
            covariance = (products + STEADY * shared) / (count + STEADY)
            factor = np.linalg.cholesky(covariance + identity)
            whitener = np.linalg.inv(factor).T.astype("float16")
            whiteners.append(whitener)
            # With the rounded factor, so that nothing of the mean is left.
            shifts.append(mean[None] @ whitener.astype("float32"))
            volumes.append([2.0 * np.log(np.diag(factor)).sum()])
        self.whitener.assign(np.stack(whiteners))
        self.shift.assign(np.stack(shifts).astype("float32"))
        self.volume.assign(np.array(volumes, "float32"))

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[:3])

    def get_config(self):
        return {**super().get_config(), "components": self.components}


def k_means(x, count, rng, rounds=12):
    """The kind of each row of `x`, `(n,)` ints below `count`."""
    centres = x[rng.permutation(len(x))[:count]]
    for _ in range(rounds):
        squares = np.square(centres).sum(axis=1)
        kinds = np.argmin(squares - 2.0 * (x @ centres.T), axis=1)
        sizes = np.bincount(kinds, minlength=len(centres))
        sums = np.zeros_like(centres)
        np.add.at(sums, kinds, x)
        held = sizes > 0
        centres[held] = sums[held] / sizes[held, None]
    return kinds
