"""From an image and its reconstruction to an anomaly map and a score.

Tensors in, tensors out, on any backend. Images are float32 in `[0, 1]`, maps
float32 `(B, H, W)`; higher is more anomalous.
"""

from keras import ops

from kerasad.filters import resize_matrix, separable
from kerasad.similarity import ssim

SCORES = ("mean", "max", "top-fraction")


def squared_error_map(images, reconstructions):
    """Squared difference, averaged over the colours (paper, section 3.4.1)."""
    return ops.mean(ops.square(images - reconstructions), axis=-1)


def mse_ssim_map(images, reconstructions, alpha=0.2):
    """Squared error and dissimilarity, weighted (paper, equations 1 to 3).

    `alpha * error + (1 - alpha) * (1 - ssim)`: equation 1 adds the
    similarity itself, which would reward a bad reconstruction.
    """
    similarity = ops.mean(ssim(images, reconstructions), axis=-1)
    error = squared_error_map(images, reconstructions)
    return alpha * error + (1.0 - alpha) * (1.0 - similarity)


def gradient_map(images, reconstructions, scales=3):
    """Multi-scale dissimilarity of the gradient magnitudes, in `[0, 1]`.

    Blind to a slow drift of light, sharp where an edge is new or missing.

    Reference:

    - [Zavrtanik et al., 2021](https://doi.org/10.1016/j.patcog.2020.107706),
      section 3.2, there with four scales; Scharr's filter instead of
      Prewitt's
    """
    height, width = images.shape[1:3]
    total = 0.0
    for scale in range(scales):
        total = total + upsample(
            gradient_dissimilarity(images, reconstructions), height, width
        )
        if scale + 1 < scales:
            images = halve(images)
            reconstructions = halve(reconstructions)
    return total / scales


def halve(images):
    # Strides are given: left out, Keras 3.15 fails on JAX.
    return ops.average_pool(images, 2, 2, data_format="channels_last")


def gradient_dissimilarity(images, reconstructions, stability=0.0026):
    first = gradient_magnitude(ops.mean(images, axis=-1))
    second = gradient_magnitude(ops.mean(reconstructions, axis=-1))
    similarity = (2.0 * first * second + stability) / (
        first**2 + second**2 + stability
    )
    return 1.0 - similarity


def gradient_magnitude(grey):
    """Scharr gradient magnitude of `(B, H, W)`, edges replicated."""
    padded = ops.concatenate([grey[:, :1], grey, grey[:, -1:]], axis=1)
    padded = ops.concatenate(
        [padded[:, :, :1], padded, padded[:, :, -1:]], axis=2
    )
    across = (padded[:, :, 2:] - padded[:, :, :-2]) / 2.0
    down = (padded[:, 2:] - padded[:, :-2]) / 2.0
    across = smooth(across[:, :-2], across[:, 1:-1], across[:, 2:])
    down = smooth(down[:, :, :-2], down[:, :, 1:-1], down[:, :, 2:])
    return ops.sqrt(across**2 + down**2 + 1e-12)


def smooth(before, centre, after):
    return (3.0 * before + 10.0 * centre + 3.0 * after) / 16.0


def upsample(maps, height, width):
    """Maps at another resolution by the triangle filter."""
    if maps.shape[1:] == (height, width):
        return maps
    return separable(
        maps,
        resize_matrix(maps.shape[1], height),
        resize_matrix(maps.shape[2], width),
    )


def image_score(maps, method="max", top_fraction=0.001):
    """One score an image, `(B,)`, from its anomaly map `(B, H, W)`.

    `mean` is the paper's, which loses a small defect in the average (its
    section 6.2); `max` takes the most anomalous pixel; `top-fraction` the
    mean of the highest share `top_fraction` of the pixels.
    """
    pixels = int(maps.shape[1]) * int(maps.shape[2])
    flat = ops.reshape(maps, (-1, pixels))
    if method == "mean":
        return ops.mean(flat, axis=-1)
    if method == "max":
        return ops.max(flat, axis=-1)
    if method == "top-fraction":
        count = max(1, round(top_fraction * pixels))
        return ops.mean(ops.top_k(flat, count, sorted=False)[0], axis=-1)
    raise ValueError(
        f"Argument `method` must be one of {SCORES}. Received: {method!r}"
    )
