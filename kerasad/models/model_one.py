import keras
from keras import layers

from kerasad.layers import AppendLightness, Conv2D, ResidualDown, ResidualUp
from kerasad.sides import sides_of, written

# Number of blocks, filters of the stem and length of the latent vector, which
# architectures 1 and 2 do not have. Table 1 and sections 3.1.2, 4.2.
ARCHITECTURES = {
    0: {"depth": 6, "base_filters": 32, "latent": 512},
    1: {"depth": 4, "base_filters": 32, "latent": None},
    2: {"depth": 3, "base_filters": 32, "latent": None},
    3: {"depth": 6, "base_filters": 64, "latent": 128},
}
WIDEST = 8  # times the filters of the stem


@keras.saving.register_keras_serializable(package="kerasad")
class ModelOne(keras.Model):
    """Model I: figure 3, table 1, sections 3.1.2 and 4.2, architectures 1-3.

    A residual autoencoder: stem convolution, residual blocks that halve the
    sides, a bottleneck, their mirror image, and a convolution with sigmoid.

    | `arch` | paper | blocks | stem | bottleneck | besides |
    | --- | --- | --- | --- | --- | --- |
    | 0 | baseline, figure 3, 256 px | 6 | 32 | vector of 512 | |
    | 1 | c1, m7, 1024 px | 4 | 32 | 256 x 64 x 64 | |
    | 2 | 2a, 2b, 2c, 512 px | 3 | 32 | 256 x 64 x 64 | RGB + L in, CBAM |
    | 3 | h1, h2, 256 px | 6 | 64 | vector of 128 | |

    What the paper leaves open, and our reading: filters double from block to
    block up to eight times the stem's; with a stem of 32, which the paper
    does not give, and one halving a block, that one rule yields every size
    of table 1. The bottleneck of architecture 2, printed "256 x 6412", is
    256 x 64^2. Its fourth channel is an input only: the reconstruction is
    RGB, of which L is a function. Blocks: see `ResidualDown`. The vector is
    a dense layer of the flattened features; a second one with ReLU undoes
    it.

    Args:
        arch: int, a key of the table.
        image_size: int, in pixels. Side of the square input, or a pair of
            them, `(height, width)`; multiples of `2**depth`.
        depth: int. Number of blocks; `None` for the architecture's.
        base_filters: int. Filters of the stem; `None` for the
            architecture's.
        latent: int. Length of the vector; `None` for the architecture's.

    Input shape:
        `(batch, height, width, 3)`, in `[0, 1]`.

    Output shape:
        The reconstruction, same shape and range.

    Example:

    >>> network = ModelOne(arch=3, image_size=64, base_filters=4, latent=8)
    >>> network.output_shape
    (None, 64, 64, 3)

    Reference:

    - [Luo et al., 2023](https://doi.org/10.1016/j.compbiomed.2023.106610),
      which inspired the baseline
    """

    def __init__(
        self,
        arch=3,
        image_size=256,
        depth=None,
        base_filters=None,
        latent=None,
        dtype=None,
        **kwargs,
    ):
        if arch not in ARCHITECTURES:
            raise ValueError(
                f"Argument `arch` must be one of {list(ARCHITECTURES)}. "
                f"Received: arch={arch}"
            )
        own = ARCHITECTURES[arch]
        if latent is not None and own["latent"] is None:
            raise ValueError(
                f"Architecture {arch} has no latent vector: leave out "
                f"`latent`. Received: latent={latent}"
            )
        blocks = own["depth"] if depth is None else depth
        base = own["base_filters"] if base_filters is None else base_filters
        length = own["latent"] if latent is None else latent
        if any(side % 2**blocks for side in sides_of(image_size)):
            raise ValueError(
                f"Argument `image_size` must be a multiple of {2**blocks}, "
                f"which is 2^depth. Received: image_size={image_size}"
            )
        widths = [base * min(2**level, WIDEST) for level in range(blocks + 1)]
        attention = arch == 2

        # === Functional Model ===
        def conv(x, filters, **options):
            return Conv2D(
                filters,
                3,
                padding="same",
                data_format="channels_last",
                dtype=dtype,
                **options,
            )(x)

        images = keras.Input((*sides_of(image_size), 3), name="images")
        x = AppendLightness(dtype=dtype)(images) if arch == 2 else images
        x = conv(x, base, activation="relu", kernel_initializer="he_normal")
        for width in widths[1:]:
            x = ResidualDown(width, attention, dtype=dtype)(x)
        if length is not None:
            shape = x.shape[1:]
            x = layers.Flatten(data_format="channels_last", dtype=dtype)(x)
            x = layers.Dense(length, dtype=dtype, name="latent")(x)
            x = layers.Dense(
                shape[0] * shape[1] * shape[2],
                activation="relu",
                kernel_initializer="he_normal",
                dtype=dtype,
            )(x)
            x = layers.Reshape(shape, dtype=dtype)(x)
        for width in reversed(widths[:-1]):
            x = ResidualUp(width, attention, dtype=dtype)(x)
        reconstruction = layers.Activation(
            "sigmoid", dtype="float32", name="reconstruction"
        )(conv(x, 3))
        super().__init__(inputs=images, outputs=reconstruction, **kwargs)

        # === Config ===
        self.arch = arch
        self.image_size = image_size
        self.depth = depth
        self.base_filters = base_filters
        self.latent = latent

    def get_config(self):
        return {
            "arch": self.arch,
            "image_size": written(self.image_size),
            "depth": self.depth,
            "base_filters": self.base_filters,
            "latent": self.latent,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)
