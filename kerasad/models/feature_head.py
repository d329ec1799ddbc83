import keras
from keras import layers, ops

from kerasad.layers import Conv2D, Dropout

REACH = 8.0  # standard deviations, beyond which a feature tells no more
UNSEEN = 0.3  # share of the channels that training drops, window by window


@keras.saving.register_keras_serializable(package="kerasad")
class FeatureHead(keras.Model):
    """Tells from frozen features where a defect is.

    A distance asks how far a feature lies from normal ones; this has seen in
    which directions artificial defects lie, and what lies beside them. Small
    enough to be trained in seconds.

    Args:
        dims: int. Length of a feature.
        width: int. Channels of the first layer; the second has half.

    Input shape:
        `(batch, rows, columns, dims)`, in standard deviations of normal
        features.

    Output shape:
        `(batch, rows, columns, 1)`, logits.

    Reference:

    - [Liu et al., 2023](https://arxiv.org/abs/2303.15140), section 3.3, a
      discriminator of features. Deviations: it learns from artificial
      defects in images instead of noise on features, and looks at the
      places beside
    """

    def __init__(self, dims, width=64, dtype="float32", **kwargs):
        features = keras.Input((None, None, dims), name="features")
        x = ops.clip(features, -REACH, REACH)
        x = layers.Dense(width, "gelu", dtype=dtype)(x)
        # The same ones everywhere: a draw for each value takes PyTorch a fifth
        # of a step.
        x = Dropout(UNSEEN, (None, 1, 1, None), dtype=dtype)(x)
        x = Conv2D(
            width // 2,
            3,
            padding="same",
            activation="gelu",
            data_format="channels_last",
            dtype=dtype,
        )(x)
        # A product: convolutions on to one channel are slow on PyTorch.
        logits = layers.Dense(1, dtype=dtype, name="logits")(x)
        super().__init__(features, logits, **kwargs)
        self.dims, self.width = dims, width

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Binary cross-entropy of each place, by its weight.

        Here and not by `compile`: to build a loss that is given to it, Keras
        3.15 has PyTorch import its compiler, which takes seconds.
        """
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        return loss(y, y_pred, sample_weight=sample_weight)

    def get_config(self):
        return {"dims": self.dims, "width": self.width, "name": self.name}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)
