"""An anomaly map of edges that are new or missing."""

from keras import ops

from kerasad.maps.upsample import upsample


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
    """Images `(B, H, W, C)` with sides halved by averaging."""
    # Strides are given: left out, Keras 3.15 fails on JAX.
    return ops.average_pool(images, 2, 2, data_format="channels_last")


def gradient_dissimilarity(images, reconstructions, stability=0.0026):
    """Map `(B, H, W)` in `[0, 1]` of two `(B, H, W, C)`; one scale of GMS."""
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
    """Scharr's weights of three neighbours."""
    return (3.0 * before + 10.0 * centre + 3.0 * after) / 16.0
