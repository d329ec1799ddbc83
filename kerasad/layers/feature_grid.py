import keras
import numpy as np
from keras import ops

from kerasad.filters import resize_matrix, separable


@keras.saving.register_keras_serializable(package="kerasad")
class FeatureGrid(keras.layers.Layer):
    """Feature maps of several strides as one feature for each place.

    Each map is averaged over `pool` by `pool` places, resized to one grid,
    and joined with the others; then channels are brought to mean 0 and
    variance 1, and projected onto their first principal components if
    `dims` asks for fewer than there are.

    Args:
        size: pair of ints, `(rows, columns)` of the grid.
        dims: int. Length of a feature; at most the channels of all maps.
        pool: list of odd ints, in places of each map.

    Input shape:
        A list of `(batch, rows, columns, channels)`.

    Output shape:
        `(batch, *size, dims)`, in units of a channel's spread.

    Reference:

    - [Roth et al., 2022](https://arxiv.org/abs/2106.08265), section 3.1;
      standardised channels are ours
    """

    def __init__(self, size, dims, pool, **kwargs):
        super().__init__(**kwargs)
        self.size = tuple(size)
        self.dims = dims
        self.pool = list(pool)

    def build(self, input_shape):
        channels = sum(shape[-1] for shape in input_shape)
        fixed = {"trainable": False, "initializer": "zeros"}
        self.kernel = self.add_weight(
            shape=(channels, self.dims), name="kernel", dtype="float32", **fixed
        )
        self.offset = self.add_weight(
            shape=(self.dims,), name="offset", dtype="float32", **fixed
        )
        super().build(input_shape)

    def call(self, maps):
        return self.project(self.join(maps))

    def join(self, maps):
        """Pooled maps on the grid, `(B, rows, columns, channels)`."""
        joined = []
        for x, pool in zip(maps, self.pool, strict=True):
            # Pooling and resizing are one product with constant matrices.
            rows, columns = (
                resize_matrix(source, target) @ pool_matrix(source, pool)
                for source, target in zip(x.shape[1:3], self.size, strict=True)
            )
            x = separable(ops.transpose(x, (0, 3, 1, 2)), rows, columns)
            joined.append(ops.transpose(x, (0, 2, 3, 1)))
        return ops.concatenate(joined, axis=-1)

    def project(self, joined):
        """The principal components of what `join` returns."""
        return ops.matmul(joined, self.kernel) + self.offset

    def fit(self, joined):
        """Learns scale and components of the channels.

        Args:
            joined: float array `(n, rows, columns, channels)` of normal
                images, from `join`.
        """
        x = joined.reshape(-1, joined.shape[-1]).astype("float32")
        mean = x.mean(axis=0, dtype="float64")
        scale = np.maximum(x.std(axis=0, dtype="float64"), 1e-6)
        kernel = np.diag(1.0 / scale)
        if self.dims < len(scale):
            correlation = np.atleast_2d(np.cov(((x - mean) / scale).T))
            _, vectors = np.linalg.eigh(correlation)
            kernel = kernel @ vectors[:, ::-1][:, : self.dims]
        self.kernel.assign(kernel.astype("float32"))
        self.offset.assign((-mean @ kernel).astype("float32"))

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], *self.size, self.dims)

    def get_config(self):
        config = super().get_config()
        own = {
            "size": list(self.size),
            "dims": self.dims,
            "pool": list(self.pool),
        }
        return {**config, **own}


def pool_matrix(side: int, pool: int) -> np.ndarray:
    """Weights `(side, side)` of a mean over `pool` places, fewer at borders.

    >>> pool_matrix(3, 3)[0]
    array([0.5, 0.5, 0. ], dtype=float32)
    """
    side = int(side)  # a tensor while torch traces
    places = np.arange(side)
    near = np.abs(places[:, None] - places[None, :]) <= pool // 2
    return (near / near.sum(axis=1, keepdims=True)).astype("float32")
