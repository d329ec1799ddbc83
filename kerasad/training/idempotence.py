import keras
from keras import ops


class Idempotent(keras.Model):
    """A network that is also to leave its own reconstructions alone.

    For training only: the weights are those of the network, in its order.

    Args:
        network: `keras.Model` from images to reconstructions, or to a dict
            with `reconstruction`.
        weight: float. Of the mean of `(f(f(x)) - f(x))^2`, which is added to
            the losses.

    Reference:

    - [Shocher et al., 2023](https://arxiv.org/abs/2311.01462), section 2,
      the idempotence term. Here it passes both applications
    """

    def __init__(self, network, weight):
        super().__init__(dtype="float32")
        self.network = network
        self.weight = weight
        self.built = True

    def call(self, images, training=False):
        outputs = self.network(images, training=training)
        if training:
            once = reconstruction_of(outputs)
            twice = reconstruction_of(self.network(once, training=training))
            error = ops.mean(ops.square(twice - once))
            self.add_loss(self.weight * error)
        return outputs


def reconstruction_of(outputs):
    """That of a network with a head or without one."""
    return outputs["reconstruction"] if isinstance(outputs, dict) else outputs
