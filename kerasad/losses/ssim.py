import keras
from keras import ops

from kerasad.maps.similarity import ssim


@keras.saving.register_keras_serializable(package="kerasad")
class SSIMLoss(keras.losses.Loss):
    """Structural dissimilarity of an image and its reconstruction.

    Formula:

    ```python
    loss = 1 - mean(ssim(y_true, y_pred), over="channels")
    ```

    Args:
        max_value: float. Largest possible pixel value.
        reduction: see `keras.losses.Loss`.

    Call arguments:
        y_true: images, `(batch, height, width, channels)`.
        y_pred: reconstructions, same shape.

    Returns:
        One value a pixel, `(batch, height, width)`, before reduction.

    Reference:

    - Equation 3, section 3.2
    """

    def __init__(
        self,
        max_value=1.0,
        reduction="sum_over_batch_size",
        name="ssim_loss",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.max_value = max_value

    def call(self, y_true, y_pred):
        similarity = ssim(y_true, y_pred, self.max_value)
        return 1.0 - ops.mean(similarity, axis=-1)

    def get_config(self):
        return {**super().get_config(), "max_value": self.max_value}


@keras.saving.register_keras_serializable(package="kerasad")
class MSESSIMLoss(keras.losses.Loss):
    """Squared error and structural dissimilarity, weighted.

    Formula:

    ```python
    loss = alpha * (y_true - y_pred) ** 2 + (1 - alpha) * (1 - ssim)
    ```

    Equation 1 of the paper adds SSIM itself, a similarity, and would be
    least for the worst reconstruction; ours adds `1 - ssim`.

    Args:
        alpha: float in `[0, 1]`. Weight of the squared error; the paper's
            range is 0.1 to 0.5.
        reduction: see `keras.losses.Loss`.

    Call arguments:
        y_true: images in `[0, 1]`, `(batch, height, width, channels)`.
        y_pred: reconstructions, same shape.

    Returns:
        One value a pixel, `(batch, height, width)`, before reduction.

    Reference:

    - Equations 1 to 3, section 3.2
    """

    def __init__(
        self,
        alpha=0.2,
        reduction="sum_over_batch_size",
        name="mse_ssim_loss",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not 0.0 <= alpha <= 1.0:
            raise ValueError(
                f"Argument `alpha` must be in `[0, 1]`. Received: alpha={alpha}"
            )
        self.alpha = alpha

    def call(self, y_true, y_pred):
        error = ops.mean(ops.square(y_true - y_pred), axis=-1)
        similarity = ops.mean(ssim(y_true, y_pred), axis=-1)
        return self.alpha * error + (1.0 - self.alpha) * (1.0 - similarity)

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha}
