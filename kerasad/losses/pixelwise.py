import keras
from keras import ops

SMOOTH = 20.0  # pixels; a batch without any defect has a Dice near 1


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
