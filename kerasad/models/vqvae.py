import keras
from keras import layers, ops

from kerasad.layers import Codebook, Conv2D, DepthToSpace, SpaceToDepth
from kerasad.models.code_prior import code_prior
from kerasad.sides import sides_of, written


@keras.saving.register_keras_serializable(package="kerasad")
class VQVAE(keras.Model):
    """An autoencoder through grids of codes, and a prior over the codes.

    With one level the VQ-VAE of reference [9] of the paper, with two the
    VQ-VAE-2 of reference [11]: a coarse grid, and a fine one of twice the
    rows and columns that is told of it.

    Deviations: the strided convolutions before the fine grid are one
    space-to-depth, and with `stem=8` it is coarser than the published (64 x 64
    of 256 pixels).

    Args:
        image_size: int, in pixels, or a pair `(height, width)`.
        levels: 1 or 2.
        stem: int, in pixels. Side of a cell of the finest grid.
        filters: int. Channels of the autoencoder.
        codes: int. Size of each codebook.
        code_size: int. Length of a code.
        decay, commitment: see `kerasad.layers.Codebook`.
        prior_filters, prior_blocks, dropout: see
            `kerasad.models.code_prior.code_prior`.

    Input shape:
        `(batch, height, width, 3)` in `[0, 1]`.

    Output shape:
        The reconstruction, likewise. In training the losses of the codebooks
        are added; a validation has that of the reconstruction alone. The
        prior is trained by itself, see `prior`.

    Reference:

    - [Razavi et al., 2019](https://arxiv.org/abs/1906.00446)
    """

    def __init__(
        self,
        image_size=256,
        levels=2,
        stem=8,
        filters=128,
        codes=128,
        code_size=32,
        decay=0.99,
        commitment=0.25,
        prior_filters=64,
        prior_blocks=2,
        dropout=0.2,
        dtype=None,
        **kwargs,
    ):
        super().__init__(dtype="float32", **kwargs)

        # === Config ===
        self.image_size = image_size
        self.levels = levels
        self.stem = stem
        self.filters = filters
        self.codes = codes
        self.code_size = code_size
        self.decay = decay
        self.commitment = commitment
        self.prior_filters = prior_filters
        self.prior_blocks = prior_blocks
        self.dropout = dropout

        # === Networks ===
        def conv(x, width, kernel=3, strides=1, **options):
            return Conv2D(
                width,
                kernel,
                strides=strides,
                padding="same",
                data_format="channels_last",
                dtype=dtype,
                **options,
            )(x)

        def relu(x):
            return layers.ReLU(dtype=dtype)(x)

        def residuals(x):
            for _ in range(2):
                y = conv(relu(x), max(16, filters // 4))
                y = conv(relu(y), filters, 1)
                x = layers.Add(dtype=dtype)([x, y])
            return relu(x)

        def finer(x):
            x = conv(x, filters, 1)
            return layers.UpSampling2D(
                2, data_format="channels_last", dtype=dtype
            )(x)

        def join(*inputs):
            return layers.Concatenate(dtype=dtype)(list(inputs))

        sides = sides_of(image_size)
        fine = tuple(side // stem for side in sides)
        grids = [fine]
        images = keras.Input((*sides, 3))
        x = SpaceToDepth(stem, dtype=dtype)(images)
        x = layers.Rescaling(4.0, -2.0, dtype=dtype)(x)
        features = residuals(conv(x, filters))
        self.encoder = keras.Model(images, features)
        features = keras.Input((*fine, filters))
        quantised = keras.Input((*fine, code_size))
        if levels == 1:
            z = conv(features, code_size, 1)
            self.projections = [keras.Model(features, z)]
            x = quantised
        else:
            coarse = tuple(side // 2 for side in fine)
            grids = [coarse, fine]
            above = keras.Input((*coarse, code_size))
            z = residuals(conv(features, filters, 4, 2))
            first = keras.Model(features, conv(z, code_size, 1))
            z = conv(join(features, finer(above)), code_size, 1)
            self.projections = [first, keras.Model([features, above], z)]
            x = join(quantised, finer(above))
        x = residuals(conv(x, filters))
        x = conv(x, 3 * stem**2, 1, activation="sigmoid", name="pixels")
        x = DepthToSpace(stem, dtype=dtype)(x)
        x = layers.Activation("linear", dtype="float32")(x)
        inputs = [quantised] if levels == 1 else [above, quantised]
        self.decoder = keras.Model(inputs, x)
        self.codebooks = [
            Codebook(codes, code_size, decay, commitment) for _ in grids
        ]
        for codebook in self.codebooks:
            codebook.build()
        self.priors = [
            code_prior(
                grid,
                codes,
                prior_filters,
                prior_blocks,
                dropout,
                coarse=grids[0] if level else None,
                attention=not level,
                dtype=dtype,
            )
            for level, grid in enumerate(grids)
        ]
        self.built = True

    def call(self, images, training=False):
        quantised, _, _ = self.encode(images, training=training)
        return self.decoder(quantised, training=training)

    def encode(self, images, training=False):
        """Codes as vectors and as numbers, and what they were chosen for.

        Lists of `(B, rows, columns, code_size)`, `(B, rows, columns)` and
        vectors again, coarsest grid first.
        """
        features = self.encoder(images, training=training)
        quantised, numbers, wanted = [], [], []
        for projection, codebook in zip(
            self.projections, self.codebooks, strict=True
        ):
            inputs = [features, *quantised] if quantised else features
            z = projection(inputs, training=training)
            vectors, chosen = codebook(z, training=training)
            quantised.append(vectors)
            numbers.append(chosen)
            wanted.append(z)
        return quantised, numbers, wanted

    def codes_of(self, images):
        """Numbers of the codes of all grids in one row, int32 `(B, cells)`."""
        _, numbers, _ = self.encode(images)
        rows = [ops.reshape(n, (-1, cells(n.shape[1:]))) for n in numbers]
        return ops.concatenate(rows, axis=1)

    def prior(self):
        """The priors as one network, of rows as `codes_of` gives them.

        It foretells what it is given: `(B, cells)` to the logits of each,
        `(B, cells, codes)`. Its weights are those of `self.priors`.
        """
        grids = [prior.output_shape[1:3] for prior in self.priors]
        inputs = keras.Input((sum(map(cells, grids)),), dtype="int32")
        numbers, logits, begin = [], [], 0
        for level, grid in enumerate(grids):
            row = inputs[:, begin : begin + cells(grid)]
            numbers.append(ops.reshape(row, (-1, *grid)))
            begin += cells(grid)
            found = self.logits(numbers, level)
            logits.append(ops.reshape(found, (-1, cells(grid), self.codes)))
        return keras.Model(inputs, ops.concatenate(logits, axis=1))

    def decode(self, numbers):
        """The reconstruction from numbers of codes."""
        pairs = zip(self.codebooks, numbers, strict=True)
        return self.decoder([book.vectors(chosen) for book, chosen in pairs])

    def logits(self, numbers, level):
        """Of each code in each cell of a grid, `(B, rows, columns, codes)`."""
        inputs = [numbers[level], numbers[0]] if level else [numbers[0]]
        return self.priors[level](inputs)

    def surprises(self, numbers):
        """Negative log-likelihood of each code, `(B, rows, columns)`."""
        return [
            surprise_of(chosen, self.logits(numbers, level))
            for level, chosen in enumerate(numbers)
        ]

    def misses(self, numbers, wanted):
        """Squared distance to the code foretold, `(B, rows, columns)`.

        That is the mean of all codes, each as likely as the prior says: a
        vector that fell to another of two near codes is no surprise then.
        """
        found = []
        for level, vectors in enumerate(wanted):
            shares = ops.softmax(self.logits(numbers, level), axis=-1)
            foretold = ops.matmul(shares, self.codebooks[level].embeddings)
            away = ops.subtract(vectors, foretold)
            found.append(ops.sum(ops.square(away), axis=-1))
        return found

    def get_config(self):
        names = (
            "levels",
            "stem",
            "filters",
            "codes",
            "code_size",
            "decay",
            "commitment",
            "prior_filters",
            "prior_blocks",
            "dropout",
            "name",
        )
        config = {name: getattr(self, name) for name in names}
        return {"image_size": written(self.image_size), **config}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)


def cells(grid) -> int:
    """How many codes an image has on a grid."""
    rows, columns = grid
    return rows * columns


def surprise_of(numbers, logits):
    """In nats, `(B, rows, columns)`, of numbers under such logits."""
    likelihoods = ops.log_softmax(logits, axis=-1)
    # ONNX has no `take_along_axis` of PyTorch.
    chosen = ops.equal(numbers[..., None], ops.arange(logits.shape[-1]))
    return -ops.sum(ops.where(chosen, likelihoods, 0.0), axis=-1)
