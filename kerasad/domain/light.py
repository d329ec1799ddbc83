"""The light of an image against that of a template or of normal images."""

from keras import ops

ROUNDS = 4  # of reweighting
DARK, BRIGHT = 0.002, 0.998  # beyond, a value was cut off
CUT = 0.1  # share of cut-off values around one that takes no part


def clipped(images):
    """1 where a value is white, -1 where it is black, else 0.

    Of noisy images the mean of it around a pixel is the share of values that
    were cut off there, and which are no longer seen in the mean of the values.
    """
    white = ops.cast(images > BRIGHT, "float32")
    return white - ops.cast(images < DARK, "float32")


def light(x, cut, seen, target):
    """Gain and offset that bring each channel of images to a template's.

    Robust, so that neither a defect nor print that moves takes part; what
    is black or white takes no part either.

    Args:
        x: float32 `(B, N, 3)` in `[0, 1]`, the images at some points.
        cut: float32 `(B, N, 3)`, `clipped` at them.
        seen: float32 `(B, N, 1)`, 1 where a point counts.
        target: float32 `(N, 3)`, the template at them.

    Returns:
        Two float32 `(B, 3)`.
    """
    counts = seen * ops.cast(ops.abs(cut) < CUT, "float32")
    weight = counts
    for _ in range(ROUNDS):
        gain, offset = line(x, target, weight)
        residual = target - gain * x - offset
        spread = total(counts * ops.abs(residual)) / (total(counts) + 1.0)
        ratio = residual / (2.5 * spread + 1e-3)
        weight = counts / ops.square(1.0 + ops.square(ratio))
    gain, offset = line(x, target, weight)
    return gain[:, 0], offset[:, 0]


def moments_light(images, empty, mean, deviation):
    """The same where no template is: from mean and deviation of channels.

    `empty` is `(B, H, W, 1)`, 1 where nothing is shown.
    """
    counts = 1.0 - empty
    count = ops.sum(counts, axis=(1, 2)) + 1e-6
    own = ops.sum(counts * images, axis=(1, 2)) / count
    apart = ops.square(images - own[:, None, None])
    spread = ops.sqrt(ops.sum(counts * apart, axis=(1, 2)) / count + 1e-12)
    gain = ops.clip(deviation / (spread + 1e-3), 0.2, 5.0)
    return gain, mean - gain * own


def relit(images, cut, gain, offset, template, aligned):
    """Images in the template's light.

    Of the values that were cut off the template's is believed if it lies on
    that side: nothing else is known of them, and nothing at all where images
    are not `aligned`.
    """
    x = gain[:, None, None] * images + offset[:, None, None]
    template = ops.where(aligned, template, x)
    x = x + ops.maximum(cut, 0.0) * ops.maximum(template - x, 0.0)
    x = x + ops.minimum(cut, 0.0) * ops.maximum(x - template, 0.0)
    return ops.clip(x, 0.0, 1.0)


def line(x, target, weight):
    """Weighted least squares of `target = gain * x + offset` by channel."""
    count = total(weight) + 1e-6
    mean_x, mean_y = total(weight * x) / count, total(weight * target) / count
    centred = weight * (x - mean_x)
    gain = total(centred * (target - mean_y)) / (
        total(centred * (x - mean_x)) + 1e-6
    )
    gain = ops.clip(gain, 0.2, 5.0)
    return gain, mean_y - gain * mean_x


def total(x):
    """Sum over the points, which stay an axis."""
    return ops.sum(x, axis=1, keepdims=True)
