import keras

from kerasad.batches import filled
from kerasad.layers.once import scoring


class Compiled(keras.Model):
    """Computes something of a layer as one program, for numpy arrays.

    Called as it stands, JAX compiles each operation for each shape on its
    own, which takes minutes, and TensorFlow runs them one by one. Call
    `predict_on_batch`, which returns numpy arrays.

    Args:
        layer: `keras.layers.Layer` whose weights are read.
        compute: callable of tensors `(B, ...)`, of the layer and nothing else
            that changes.
    """

    def __init__(self, layer, compute):
        super().__init__()
        self.layer = layer
        self.compute = compute
        self.built = True

    def rows(self, inputs, count):
        """`predict_on_batch` of no more than `count` rows, filled up to it.

        Of one size it is compiled once.
        """
        given = len(keras.tree.flatten(inputs)[0])
        whole = keras.tree.map_structure(lambda x: filled(x, count), inputs)
        found = self.predict_on_batch(whole)
        return keras.tree.map_structure(lambda x: x[:given], found)

    def call(self, inputs):
        with scoring():
            return self.compute(inputs)
