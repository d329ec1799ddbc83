import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasad")
class Dropout(keras.layers.Dropout):
    """`keras.layers.Dropout` with shared draws in one product.

    In the same numbers: where `noise_shape` has values share their draw, Keras
    3.15 on PyTorch reads and writes all of them four times, and twice more
    for their gradient. Files call it `dropout`, as Keras's own.
    """

    def call(self, inputs, training=False):
        if not training or not self.rate:
            return inputs
        shape = self.noise_shape or (None,) * len(inputs.shape)
        drawn = ops.ones_like(inputs[tuple(map(slice, shape))])
        return inputs * keras.random.dropout(
            drawn, self.rate, noise_shape=shape, seed=self.seed_generator
        )
