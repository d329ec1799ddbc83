"""Structural similarity, for the loss and the anomaly map alike."""

from keras import ops

from kerasad.filters import gaussian_matrix, separable

SIGMA = 1.5  # pixels
TRUNCATE = 3.5  # in units of sigma: a window of 11 pixels


def ssim(images, others, max_value=1.0):
    """Local structural similarity of two image batches, in `[-1, 1]`.

    Formula:

    ```python
    ssim = (2 * mean_x * mean_y + c1) * (2 * cov_xy + c2) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )
    ```

    Means, variances and covariance are those of a Gaussian window of 11
    pixels around each pixel, mirrored at the borders: scikit-image's
    `structural_similarity(gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, full=True)`, borders included.

    Args:
        images: `(batch, height, width, channels)`.
        others: same shape.
        max_value: float. Largest possible pixel value.

    Returns:
        One value a pixel and channel, of the shape of the images.

    Reference:

    - Equation 3, section 3.2; the constants are those of its reference [10],
      [Wang et al., 2004](https://doi.org/10.1109/TIP.2003.819861)
    """
    c1, c2 = (0.01 * max_value) ** 2, (0.03 * max_value) ** 2
    x = ops.transpose(images, (0, 3, 1, 2))  # (B, C, H, W)
    y = ops.transpose(others, (0, 3, 1, 2))
    rows, columns = (
        gaussian_matrix(side, SIGMA, TRUNCATE) for side in x.shape[2:]
    )

    def blur(values):
        return separable(values, rows, columns)

    mean_x, mean_y = blur(x), blur(y)
    product, squares = mean_x * mean_y, mean_x**2 + mean_y**2
    covariance = blur(x * y) - product
    variances = blur(x**2 + y**2) - squares  # of both, added
    similarity = (
        (2.0 * product + c1)
        * (2.0 * covariance + c2)
        / ((squares + c1) * (variances + c2))
    )
    return ops.transpose(similarity, (0, 2, 3, 1))
