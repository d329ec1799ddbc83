"""Weights of the self-supervised loss, so that any loss can be masked."""

import numpy as np


def masked_weights(mask, mask_weight=0.9, least=0.0):
    """Weights per pixel that turn a mean squared error into equation 4.

    ```python
    weights = height * width * (
        (1 - mask_weight) * (1 - mask) ** 2 / sum(1 - mask)
        + mask_weight * mask**2 / sum(mask)
    )
    ```

    A term whose norm is 0 is 0: an image without corruption, or one that is
    corrupted throughout, keeps only the other term. With a loss of one value
    per pixel, `sample_weight=weights` and the reduction
    `"sum_over_batch_size"`, Keras computes equation 4 averaged over the
    batch. The equation's norms run over three equal channels and its squared
    errors are summed over them; both are three times ours, where the error
    is the mean over channels, and the factor cancels.

    Args:
        mask: array `(..., height, width)` in `[0, 1]`, 1 = corrupted.
        mask_weight: float in `[0, 1]`, lambda. Share of the corrupted pixels
            in the loss, whatever their number.
        least: float, in pixels. A region smaller than that counts as this
            large, lest ten pixels get the weight of a thousand. The paper's
            equation has 0.

    Returns:
        A float32 array of the shape of `mask`.

    Example:

    >>> masked_weights(np.array([[1.0, 0.0], [0.0, 0.0]]), 0.9).round(3)
    array([[3.6  , 0.133],
           [0.133, 0.133]], dtype=float32)

    Reference:

    - Equation 4, section 3.2.1
    """
    if not 0 <= mask_weight <= 1:
        raise ValueError(
            "Argument `mask_weight` must be in `[0, 1]`. Received: "
            f"mask_weight={mask_weight}"
        )
    mask = np.asarray(mask, "float32")
    weights = _share(1 - mask, 1 - mask_weight, least)
    weights += _share(mask, mask_weight, least)
    return weights


def _share(mask, weight, least):
    norm = mask.sum(axis=(-2, -1), keepdims=True, dtype="float64")
    norm = np.where(norm > 0, np.maximum(norm, least), 0.0)
    weight = weight * mask.shape[-2] * mask.shape[-1]
    scale = np.divide(weight, norm, out=np.zeros_like(norm), where=norm > 0)
    result = mask * scale.astype("float32")
    result *= mask
    return result
