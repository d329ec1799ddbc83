import keras
import numpy as np
from keras import ops

from kerasad.layers.once import once

FLOOR = 1e-3  # added to each variance; features vary by about 1
LEAST = 30  # images that show a place, for a covariance of its own


@keras.saving.register_keras_serializable(package="kerasad")
class FeatureGaussian(keras.layers.Layer):
    """Mahalanobis distance of each feature to those seen at its place.

    For parts that lie still: of each place the mean and the covariance of
    the features of normal images. What it costs does not depend on how many
    images there were.

    Args:
        shrinkage: float in `[0, 1]`. Share of the covariance that all places
            have in common; steadies it where images are few.

    Input shape:
        `(batch, rows, columns, dims)`.

    Output shape:
        `(batch, rows, columns)`, in standard deviations, at least 0.

    Reference:

    - [Defard et al., 2020](https://arxiv.org/abs/2011.08785), section III.
      Deviations: all channels instead of a random choice, shrinkage towards
      the mean covariance instead of a multiple of the identity
    """

    def __init__(self, shrinkage=0.2, **kwargs):
        super().__init__(**kwargs)
        self.shrinkage = shrinkage

    def build(self, input_shape):
        rows, columns, dims = input_shape[1:]
        fixed = {"trainable": False, "initializer": "zeros"}
        self.mean = self.add_weight(
            shape=(rows, columns, dims), name="mean", dtype="float32", **fixed
        )
        # Half precision in the file and in memory; distances keep three
        # digits, and all backends round alike.
        self.whitener = self.add_weight(
            shape=(rows * columns, dims, dims),
            name="whitener",
            dtype="float16",
            **fixed,
        )
        self.count = self.add_weight(
            shape=(), name="count", dtype="float32", **fixed
        )
        super().build(input_shape)

    def call(self, features, owners=None):
        """`owners`: see `whitened`."""
        return distance(self.whitened(features, owners))

    def whitened(self, features, owners=None):
        """Features in standard deviations, `(batch, rows, columns, dims)`.

        Their length is the distance.

        Args:
            features: float32 `(batch, rows, columns, dims)`.
            owners: `(batch,)` ints, at least 0 where the image was fitted. Of
                such an image its own share in mean and covariance is left
                out of the length.
        """
        rows, columns, dims = self.mean.shape
        centred = ops.reshape(features - self.mean, (-1, rows * columns, dims))
        whitener = once(self, self.whitener, self.prepared)
        white = ops.matmul(ops.transpose(centred, (1, 0, 2)), whitener)
        white = ops.transpose(white, (1, 0, 2))
        if owners is not None:
            fitted = ops.cast(ops.convert_to_tensor(owners) >= 0, "float32")
            white = white * self.left_out(white, fitted[:, None, None])
        return ops.reshape(white, (-1, rows, columns, dims))

    def prepared(self):
        """The whiteners, `(places, dims, dims)`, in single precision."""
        return ops.cast(self.whitener, "float32")

    def left_out(self, white, fitted):
        """How much longer the features of fitted images are without them."""
        # Sherman and Morrison: the covariance without one image is a change
        # of rank one. The shared covariance stays as it is.
        square = ops.sum(ops.square(white), axis=-1, keepdims=True)
        rest = ops.maximum(self.count - 1.0, 1.0)
        lever = 1.0 - (1.0 - self.shrinkage) / rest * square
        factor = ops.sqrt(self.count / rest / ops.maximum(lever, 1e-3))
        return fitted * factor + (1.0 - fitted)

    def fit(self, batches):
        """Learns mean and covariance of each place.

        Args:
            batches: iterable of float arrays `(n, rows, columns, dims)`,
                features of normal images; each image once. Or of pairs of
                one and `(n, rows, columns)`, 1 where it shows something that
                is to be learnt from and 0 where not. A place that fewer than
                30 show has the covariance that all have in common.
        """
        count, total, products = 0.0, 0.0, 0.0
        for batch in batches:
            features, shown = batch if isinstance(batch, tuple) else (batch, 1)
            n, rows, columns, dims = features.shape
            if not self.built:
                self.build((None, rows, columns, dims))
            x = features.reshape(n, rows * columns, dims).transpose(1, 0, 2)
            shown = np.broadcast_to(shown, (n, rows, columns))
            shown = shown.reshape(n, rows * columns).T[..., None]
            x = np.ascontiguousarray(x * shown, "float32")
            total = total + x.sum(axis=1, dtype="float64")
            products = products + np.matmul(x.transpose(0, 2, 1), x)
            count = count + shown.sum(axis=1, dtype="float64")  # (places, 1)
        few = count[:, 0] < min(LEAST, count.max())
        count = np.maximum(count, 1.0)
        mean = total / count
        outer = mean[:, :, None] * mean[:, None, :]
        covariance = products / count[..., None] - outer
        identity = FLOOR * np.eye(mean.shape[-1])
        shared = np.average(covariance, axis=0, weights=count[:, 0]) + identity
        covariance *= 1.0 - self.shrinkage
        covariance += self.shrinkage * shared + identity
        covariance[few] = shared
        # covariance = L L^T, so |L^-1 x| is the distance of x.
        whitener = np.linalg.inv(np.linalg.cholesky(covariance))
        self.mean.assign(mean.reshape(self.mean.shape).astype("float32"))
        self.whitener.assign(whitener.transpose(0, 2, 1).astype("float16"))
        self.count.assign(float(np.mean(count)))

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[:3])

    def get_config(self):
        return {**super().get_config(), "shrinkage": self.shrinkage}


def distance(white):
    """The length of whitened features, `(batch, rows, columns)`."""
    return ops.sqrt(ops.sum(ops.square(white), axis=-1))
