import keras
import numpy as np
from keras import ops

from kerasad.layers.nearest import FAR, nearest_nearby, remembered
from kerasad.layers.once import once


@keras.saving.register_keras_serializable(package="kerasad")
class FeatureMemory(keras.layers.Layer):
    """Squared distance of each feature to the nearest of a normal image.

    With a `window` it is the nearest one seen at the same place, that many
    places more or less, in the images remembered. Without, it is the nearest
    of a core set of the features seen anywhere: for parts that lie
    differently in each picture.

    Args:
        memory: int. Images remembered; without a window, as many features
            as that many images have.
        window: int, in places, or `None`.

    Input shape:
        `(batch, rows, columns, dims)`.

    Output shape:
        `(batch, rows, columns)`, squared units of the features, at least 0.
        The root would blow up what rounding leaves of a distance of 0.

    Reference:

    - [Roth et al., 2022](https://arxiv.org/abs/2106.08265), section 3.2: the
      core set, chosen among a sample here; the window is ours
    """

    def __init__(self, memory=2, window=None, **kwargs):
        super().__init__(**kwargs)
        self.memory = memory
        self.window = window

    def build(self, input_shape):
        rows, columns, dims = input_shape[1:]
        places, count = (rows, columns), self.memory
        if self.window is None:
            places, count = (), self.memory * rows * columns
        fixed = {"trainable": False, "initializer": "zeros"}
        # Half precision in the file and in memory: the rounding is far below
        # the distance between two normal images.
        self.bank = self.add_weight(
            shape=(*places, dims, count),
            name="bank",
            dtype="float16",
            **fixed,
        )
        self.squares = self.add_weight(
            shape=(*places, 1, count),
            name="squares",
            dtype="float32",
            **fixed,
        )
        # The image that each came from; -2 is nobody's.
        self.sources = self.add_weight(
            shape=(count,),
            name="sources",
            dtype="int32",
            trainable=False,
            initializer=keras.initializers.Constant(-2),
        )
        super().build(input_shape)

    def call(self, features, owners=None):
        """`owners`: `(batch,)` places among the images fitted, to leave out."""
        far = None
        if owners is not None:
            owners = ops.cast(owners, "int32")[:, None]
            far = FAR * ops.cast(ops.equal(owners, self.sources), "float32")
        if self.window is None:
            return self.anywhere(features, far)
        queries = ops.transpose(features, (1, 2, 0, 3))  # (R, C, B, D)
        bank, centre = once(self, self.bank, self.prepared)
        nearest = nearest_nearby(queries, bank, centre, self.window, far)
        return ops.transpose(nearest, (2, 0, 1))

    def prepared(self):
        """The features, in single precision, and their squares."""
        return remembered(ops.cast(self.bank, "float32"))

    def anywhere(self, features, far):
        """Squared distances to the nearest feature, `(B, rows, columns)`."""
        rows, columns, dims = features.shape[1:]
        flat = ops.reshape(features, (-1, rows * columns, dims))
        bank = once(self, self.bank, lambda: ops.cast(self.bank, "float32"))
        distances = self.squares - 2.0 * ops.matmul(flat, bank)
        if far is not None:
            distances = distances + far[:, None]  # (B, 1, M)
        nearest = ops.reshape(ops.min(distances, axis=-1), (-1, rows, columns))
        norms = ops.sum(ops.square(features), axis=-1)
        return ops.maximum(nearest + norms, 0.0)

    def fit(self, features, owners, rng):
        """Fills the memory.

        Args:
            features: float array `(n, rows, columns, dims)` of normal
                images; with a window, of at most `memory`.
            owners: ints `(n,)`, what `call` is to know each image by.
            rng: `numpy.random.Generator`, of the core set.
        """
        if not self.built:
            self.build((None, *features.shape[1:]))
        owners, dims = np.asarray(owners), features.shape[-1]
        if self.window is None:
            places = features.shape[1] * features.shape[2]
            flat = features.reshape(-1, dims)
            chosen = core_set(flat, self.sources.shape[0], rng)
            bank = flat[chosen].T
            sources = owners[chosen // places]
        else:
            bank, sources = features.transpose(1, 2, 3, 0), owners
        # What is left of the memory repeats the first.
        missing = self.sources.shape[0] - bank.shape[-1]
        fill = np.repeat(bank[..., :1], missing, axis=-1)
        bank = np.concatenate([bank, fill], axis=-1).astype("float16")
        sources = np.append(sources, np.repeat(sources[:1], missing))
        squares = np.square(bank.astype("float32")).sum(axis=-2, keepdims=True)
        self.bank.assign(bank)
        self.squares.assign(squares)
        self.sources.assign(sources.astype("int32"))

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[:3])

    def get_config(self):
        config = super().get_config()
        return {**config, "memory": self.memory, "window": self.window}


def core_set(features, count, rng, sample=40_000, dims=16):
    """Indices of features that leave no other far away: greedy k-centre.

    Chosen among `sample` random ones by distances in `dims` random
    projections, as distances in fewer dimensions take less time.
    """
    drawn = rng.permutation(len(features))[:sample]
    if count >= len(drawn):
        return drawn
    project = rng.standard_normal((features.shape[-1], dims))
    x = (features[drawn] @ project).astype("float32")
    nearest = np.square(x - x[0]).sum(axis=1)
    chosen = [0]
    squares = np.square(x).sum(axis=1)
    while len(chosen) < count:
        last = int(nearest.argmax())
        chosen.append(last)
        distance = squares - 2.0 * (x @ x[last]) + squares[last]
        nearest = np.minimum(nearest, distance)
    return drawn[chosen]
