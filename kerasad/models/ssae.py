import keras
from keras import layers

from kerasad.layers import (
    Conv2D,
    ConvexCombination,
    DepthToSpace,
    PlaceFeatures,
    SDCBlock,
    SpaceToDepth,
)
from kerasad.sides import sides_of, written


@keras.saving.register_keras_serializable(package="kerasad")
class SSAE(keras.Model):
    """Model II: the self-supervised autoencoder of section 3.1.3, figure 1.

    An encoder and a decoder with stacked dilated convolutions (SDC), convex
    combinations on the skips and sigmoid output, trained to undo patch
    corruption.

    Deviations from the paper, which `stem=1, sdc_from=0, head=False,
    context=False` leaves out but for the residual connections around the SDC
    blocks, which train in far fewer updates: a space-to-depth stem, because
    full-resolution convolutions are what Model II costs; the channels of
    `kerasad.layers.Context` beside the image; and a discriminative head that
    sees image and reconstruction and tells where they differ by a defect,
    trained on the same corruption (after DRAEM).

    The network is fully convolutional: weights trained on crops serve whole
    images.

    Args:
        image_size: int, in pixels. Side of the square input; or a pair of
            them, `(height, width)`.
        stem: int, in pixels. Block of the space-to-depth stem; 1 for none.
        filters: ints. Channels at each level, from the stem's resolution
            down by 2 a level.
        dilations: ints, in pixels of the level. Branches of an SDC block.
        blocks: int. Blocks at the lowest level; one at the others.
        sdc_from: int. First level with SDC blocks.
        head: bool. Adds the discriminative head.
        context: bool. Takes the 8 channels of `kerasad.layers.Context`.

    Input shape:
        `(batch, height, width, 3)` in `[0, 1]`, or 8 channels with `context`.

    Output shape:
        The reconstruction, `(batch, height, width, 3)` in `[0, 1]`; with
        `head` a dict of `reconstruction` and `anomaly_logits`, the latter
        `(batch, height / 2, width / 2, 1)`.

    Example:

    >>> network = SSAE(image_size=64, filters=(16, 32), context=False)
    >>> {name: output.shape for name, output in network.output.items()}
    {'reconstruction': (None, 64, 64, 3), 'anomaly_logits': (None, 32, 32, 1)}

    Reference:

    - [Bauer et al., 2022](https://arxiv.org/abs/2206.11723), the model
    - [Zavrtanik et al., 2021](https://arxiv.org/abs/2108.07610), the head
    """

    def __init__(
        self,
        image_size=256,
        stem=4,
        filters=(64, 96, 128),
        dilations=(1, 2, 4, 8),
        blocks=2,
        sdc_from=1,
        head=True,
        context=False,
        dtype=None,
        **kwargs,
    ):
        # === Functional Model ===
        def conv(x, width, kernel=3, **options):
            options.setdefault("kernel_initializer", "he_normal")
            return Conv2D(
                width,
                kernel,
                padding="same",
                data_format="channels_last",
                dtype=dtype,
                **options,
            )(x)

        def relu(x):
            return layers.ReLU(dtype=dtype)(x)

        def add(x, y):
            return layers.Add(dtype=dtype)([x, y])

        def near_zero():
            # A residual branch begins as almost nothing: deep nets without
            # normalisation train from the identity.
            return keras.initializers.VarianceScaling(0.1)

        def residual(x, width):
            y = relu(conv(relu(x), width))
            return add(x, conv(y, width, kernel_initializer=near_zero()))

        def residual_sdc(x, width):
            branch = max(1, width // len(dilations))
            y = SDCBlock(branch, dilations, dtype=dtype)(relu(x))
            return add(x, conv(y, width, 1, kernel_initializer=near_zero()))

        images = keras.Input(
            (*sides_of(image_size), 8 if context else 3), name="images"
        )
        pixels = SpaceToDepth(stem, dtype=dtype)(images[..., :3])
        x = layers.Rescaling(4.0, -2.0, dtype=dtype)(pixels)
        if context:
            deviation = SpaceToDepth(stem, dtype=dtype)(images[..., 3:6])
            place = layers.AveragePooling2D(
                stem, data_format="channels_last", dtype=dtype
            )(images[..., 6:])
            place = PlaceFeatures(dtype=dtype)(place)
            x = layers.Concatenate(dtype=dtype)([x, deviation, place])
        x = conv(x, filters[0])
        skips = []
        for level, width in enumerate(filters):
            if level:
                x = conv(relu(x), width, 2, strides=2)
            for _ in range(blocks if level == len(filters) - 1 else 1):
                if level >= sdc_from:
                    x = residual_sdc(x, width)
                x = residual(x, width)
            skips.append(x)
        for width, skip in zip(
            reversed(filters[:-1]), reversed(skips[:-1]), strict=True
        ):
            x = layers.UpSampling2D(
                2, data_format="channels_last", dtype=dtype
            )(conv(x, width, 1))
            x = ConvexCombination(dtype=dtype)([skip, x])
            x = residual(x, width)
        x = relu(x)
        output = conv(
            x,
            3 * stem**2,
            kernel_initializer="glorot_uniform",
            activation="sigmoid",
            name="reconstruction_pixels",
        )
        reconstruction = layers.Activation(
            "linear", dtype="float32", name="reconstruction"
        )(DepthToSpace(stem, dtype=dtype)(output))
        outputs = reconstruction
        if head:
            difference = layers.Subtract(dtype=dtype)([pixels, output])
            difference = layers.Rescaling(4.0, dtype=dtype)(difference)
            y = layers.Concatenate(dtype=dtype)([difference, x])
            y = relu(residual(conv(y, filters[0]), filters[0]))
            block = max(1, stem // 2)
            y = conv(
                y,
                block**2,
                kernel_initializer="glorot_uniform",
                # Few pixels are defective; to begin there saves updates.
                bias_initializer=keras.initializers.Constant(-3.0),
                name="mask_pixels",
            )
            logits = layers.Activation(
                "linear", dtype="float32", name="anomaly_logits"
            )(DepthToSpace(block, dtype=dtype)(y))
            outputs = {
                "reconstruction": reconstruction,
                "anomaly_logits": logits,
            }
        super().__init__(inputs=images, outputs=outputs, **kwargs)

        # === Config ===
        self.image_size = image_size
        self.stem = stem
        self.filters = tuple(filters)
        self.dilations = tuple(dilations)
        self.blocks = blocks
        self.sdc_from = sdc_from
        self.head = head
        self.context = context

    def get_config(self):
        return {
            "image_size": written(self.image_size),
            "stem": self.stem,
            "filters": list(self.filters),
            "dilations": list(self.dilations),
            "blocks": self.blocks,
            "sdc_from": self.sdc_from,
            "head": self.head,
            "context": self.context,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)
