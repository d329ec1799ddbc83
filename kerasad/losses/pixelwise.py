import keras
from keras import ops

SMOOTH = 20.0  # pixels; a batch without any defect has a Dice near 1


@keras.saving.register_keras_serializable(package="kerasad")
class SquaredError(keras.losses.Loss):
    """Squared error of each pixel, averaged over the colours.

    Unlike `keras.losses.MeanSquaredError` it is named for what it weights:
    with the weights of `kerasad.losses.masked_weights` as `sample_weight` it
    is the masked loss of Model II (paper, equation 4).

    Call arguments:
        y_true: images, `(batch, height, width, channels)`.
        y_pred: reconstructions, same shape.

    Returns:
        One value a pixel, `(batch, height, width)`, before reduction.
    """

    def __init__(
        self,
        reduction="sum_over_batch_size",
        name="squared_error",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


@keras.saving.register_keras_serializable(package="kerasad")
class MaskLoss(keras.losses.Loss):
    """Binary cross-entropy and Dice of a predicted defect mask.

    The mask is averaged down to the resolution of the logits, so a network
    may predict it coarsely. Cross-entropy judges every pixel by itself; Dice,
    taken over the whole batch, keeps the few defective ones from drowning.

    Args:
        dice_weight: float. Weight of the Dice term beside the
            cross-entropy's 1.

    Call arguments:
        y_true: masks in `[0, 1]`, `(batch, height, width, 1)`.
        y_pred: logits, `(batch, height / k, width / k, 1)`.

    Returns:
        One value an image, `(batch,)`, before reduction.
    """

    def __init__(
        self,
        dice_weight=0.075,
        reduction="sum_over_batch_size",
        name="mask_loss",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.dice_weight = dice_weight

    def call(self, y_true, y_pred):
        block = y_true.shape[1] // y_pred.shape[1]
        if block > 1:
            y_true = ops.average_pool(
                y_true, block, block, data_format="channels_last"
            )
        entropy = (
            ops.maximum(y_pred, 0.0)
            - y_pred * y_true
            + ops.log1p(ops.exp(-ops.abs(y_pred)))
        )
        entropy = ops.mean(entropy, axis=(1, 2, 3))
        probability = ops.sigmoid(y_pred)
        overlap = ops.sum(probability * y_true)
        total = ops.sum(ops.square(probability) + ops.square(y_true))
        dice = 1.0 - (2.0 * overlap + SMOOTH) / (total + SMOOTH)
        return entropy + self.dice_weight * dice

    def get_config(self):
        return {**super().get_config(), "dice_weight": self.dice_weight}
