"""Anomaly maps from an image and its reconstruction.

Tensors in, tensors out, on any backend. Images are float32 in `[0, 1]`, maps
float32 `(B, H, W)`; higher is more anomalous.
"""

from keras import ops

from kerasad.maps.similarity import ssim


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
