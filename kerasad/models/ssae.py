import keras
from keras import layers

from kerasad.layers import (
    ConvexCombination,
    DepthToSpace,
    SDCBlock,
    SpaceToDepth,
)


@keras.saving.register_keras_serializable(package="kerasad")
class SSAE(keras.Model):
    """Model II: the self-supervised autoencoder of section 3.1.3, figure 1.

    An encoder and a decoder with stacked dilated convolutions (SDC) at each
    resolution and convex combinations on the skips, sigmoid output, trained
    to undo patch corruption.

    Deviations from the paper, each of which `stem=1, head=False` and the
    paper's own recipes undo: a space-to-depth stem, because full-resolution
    convolutions are what Model II costs; residual connections around the SDC
    blocks, which train in fewer updates; and a second, discriminative head
    that sees image and reconstruction and tells where they differ by a
    defect, trained on the same corruption (after DRAEM).

    Args:
        image_size: int, in pixels. Side of the square input.
        stem: int, in pixels. Block of the space-to-depth stem; 1 for none.
        filters: ints. Channels at each level, from the stem's resolution
            down by 2 a level; multiples of `len(dilations)` need no
            rounding in the SDC blocks.
        dilations: ints, in pixels of the level. Branches of an SDC block.
        blocks: int. SDC blocks at the lowest level; one at the others.
        head: bool. Adds the discriminative head.

    Input shape:
        `(batch, image_size, image_size, 3)`, in `[0, 1]`.

    Output shape:
        The reconstruction, same shape and range; with `head` a dict of
        `reconstruction` and `anomaly_logits`, the latter
        `(batch, image_size / 2, image_size / 2, 1)`.

    Reference:

    - [Bauer, 2023](https://arxiv.org/abs/2304.01492), the model
    - [Zavrtanik et al., 2021](https://arxiv.org/abs/2108.07610), the head
    """

    def __init__(
        self,
        image_size=256,
        stem=4,
        filters=(48, 96, 144),
        dilations=(1, 2, 4, 8, 16, 32),
        blocks=2,
        head=True,
        dtype=None,
        **kwargs,
    ):
        # === Functional Model ===
        def conv(x, width, kernel, **options):
            options.setdefault("kernel_initializer", "he_normal")
            return layers.Conv2D(
                width,
                kernel,
                padding="same",
                data_format="channels_last",
                dtype=dtype,
                **options,
            )(x)

        def residual_sdc(x, width):
            branch = max(1, width // len(dilations))
            y = SDCBlock(branch, dilations, dtype=dtype)(x)
            y = conv(y, width, 1)
            return layers.ReLU(dtype=dtype)(layers.Add(dtype=dtype)([x, y]))

        images = keras.Input((image_size, image_size, 3), name="images")
        pixels = SpaceToDepth(stem, dtype=dtype)(images)
        x = conv(pixels, filters[0], 3, activation="relu")
        skips = []
        for level, width in enumerate(filters):
            if level:
                x = conv(x, width, 2, strides=2, activation="relu")
            repeats = blocks if level == len(filters) - 1 else 1
            for _ in range(repeats):
                x = residual_sdc(x, width)
            skips.append(x)
        for width, skip in zip(
            reversed(filters[:-1]), reversed(skips[:-1]), strict=True
        ):
            x = conv(x, 4 * width, 1)
            x = DepthToSpace(2, dtype=dtype)(x)
            x = ConvexCombination(dtype=dtype)([skip, x])
            x = residual_sdc(x, width)
        output = conv(
            x,
            3 * stem**2,
            3,
            kernel_initializer="glorot_uniform",
            activation="sigmoid",
        )
        reconstruction = layers.Activation(
            "linear", dtype="float32", name="reconstruction"
        )(DepthToSpace(stem, dtype=dtype)(output))
        outputs = reconstruction
        if head:
            difference = layers.Subtract(dtype=dtype)([pixels, output])
            y = layers.Concatenate(dtype=dtype)([difference, pixels, x])
            y = conv(y, filters[0], 3, activation="relu")
            y = residual_sdc(y, filters[0])
            y = DepthToSpace(max(1, stem // 2), dtype=dtype)(
                conv(y, max(1, stem // 2) ** 2, 3)
            )
            logits = layers.Activation(
                "linear", dtype="float32", name="anomaly_logits"
            )(y)
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
        self.head = head

    def get_config(self):
        return {
            "image_size": self.image_size,
            "stem": self.stem,
            "filters": list(self.filters),
            "dilations": list(self.dilations),
            "blocks": self.blocks,
            "head": self.head,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)
