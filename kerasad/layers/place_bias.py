import keras


@keras.saving.register_keras_serializable(package="kerasad")
class PlaceBias(keras.layers.Layer):
    """Adds a learnt vector for each place, for parts that lie alike.

    Input shape:
        `(batch, rows, columns, channels)`.

    Output shape:
        Same as the input.
    """

    def build(self, input_shape):
        self.bias = self.add_weight(
            shape=input_shape[1:], initializer="zeros", name="bias"
        )
        super().build(input_shape)

    def call(self, inputs):
        return inputs + self.bias

    def compute_output_shape(self, input_shape):
        return input_shape
