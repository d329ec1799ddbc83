import keras
from keras import ops

from kerasad.layers.lean_convolution import Conv2D


@keras.saving.register_keras_serializable(package="kerasad")
class SDCBlock(keras.layers.Layer):
    """Stacked dilated convolution: parallel 3x3 dilations, concatenated.

    Each branch sees its own distance, so one layer looks at the pixel and,
    at dilation 32, at what lies 32 pixels away, without losing resolution.
    A branch whose dilation reaches past the whole input would see only
    padding; such branches are kept, for the weights not to depend on the
    image's size.

    Args:
        filters: int. Output channels of each branch.
        dilations: ints, in pixels. One branch each.
        activation: str or callable, on the concatenated branches.

    Input shape:
        4D tensor, `(batch, height, width, channels)`.

    Output shape:
        `(batch, height, width, filters * len(dilations))`.

    Reference:

    - the paper, section 3.1.3; its table 1 gives 64 filters x 6 dilations
    - [Schuster et al., 2019](https://arxiv.org/abs/1904.03076), section 3
    """

    def __init__(
        self,
        filters,
        dilations=(1, 2, 4, 8, 16, 32),
        activation="relu",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.dilations = tuple(dilations)
        self.activation = activation
        self.branches = [
            Conv2D(
                filters,
                3,
                dilation_rate=dilation,
                padding="same",
                kernel_initializer="he_normal",
                data_format="channels_last",
                dtype=self.dtype_policy,
                name=f"dilation_{dilation}",
            )
            for dilation in self.dilations
        ]

    def build(self, input_shape):
        for branch in self.branches:
            branch.build(input_shape)
        super().build(input_shape)

    def call(self, inputs):
        outputs = [branch(inputs) for branch in self.branches]
        activation = keras.activations.get(self.activation)
        return activation(ops.concatenate(outputs, axis=-1))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters * len(self.dilations))

    def get_config(self):
        config = super().get_config()
        config.update(
            {
                "filters": self.filters,
                "dilations": list(self.dilations),
                "activation": keras.activations.serialize(
                    keras.activations.get(self.activation)
                ),
            }
        )
        return config
