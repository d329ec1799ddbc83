import keras
from keras import ops

from kerasad.layers.lean_convolution import Conv2D


@keras.saving.register_keras_serializable(package="kerasad")
class ConvexCombination(keras.layers.Layer):
    """Mixes a skip connection into the decoder, pixel by pixel.

    Formula:

    ```python
    beta = sigmoid(conv1x1(concatenate([encoder, decoder])))
    outputs = beta * encoder + (1 - beta) * decoder
    ```

    A plain skip lets the network copy a defect through; the gate lets it
    copy where the input is normal and rely on the decoder elsewhere.

    Args:
        filters: int. Channels of `beta`: 1 for one gate a pixel, or as many
            as the inputs have.

    Call arguments:
        inputs: pair `(encoder, decoder)` of equal shape,
            `(batch, height, width, channels)`.

    Output shape:
        That of each input.

    Reference:

    - the paper, section 3.1.3 and figure 2, which draws the module and does
      not define it: the formula is our reading
    """

    def __init__(self, filters=1, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.gate = Conv2D(
            filters,
            1,
            activation="sigmoid",
            data_format="channels_last",
            dtype=self.dtype_policy,
            name="gate",
        )

    def build(self, input_shape):
        encoder, decoder = input_shape
        if tuple(encoder) != tuple(decoder):
            raise ValueError(
                "ConvexCombination takes two tensors of equal shape. "
                f"Received: input_shape={input_shape}"
            )
        self.gate.build((*encoder[:-1], 2 * encoder[-1]))
        super().build(input_shape)

    def call(self, inputs):
        encoder, decoder = inputs
        beta = self.gate(ops.concatenate([encoder, decoder], axis=-1))
        return decoder + beta * (encoder - decoder)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}
