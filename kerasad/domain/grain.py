"""How noisy and how sharp images are."""

from keras import ops

STEP = 4  # pixels between those that noise is learnt from
# Of |x| in units of its deviation, for normally distributed x.
MEDIAN = 0.6745
NORM = 6.0  # of the kernel below


def noise(images):
    """Deviation of the noise of images `(B, H, W, 3)` in `[0, 1]`: `(B,)`.

    Of the green channel, which cameras measure best. The median, over what
    is neither black nor white, of what is left when every plane is taken off:
    edges are too few to move it.

    Reference:

    - Immerkaer, 1996, Fast noise variance estimation: the kernel; the median
      is ours
    """
    green = images[..., 1]
    last = [int(side) - 2 for side in green.shape[1:]]
    above, here, below = (
        green[:, start : start + last[0] : STEP] for start in range(3)
    )
    twice = above - 2.0 * here + below
    left, middle, right = (
        twice[..., start : start + last[1] : STEP] for start in range(3)
    )
    grain = ops.abs(left - 2.0 * middle + right)
    middle = here[..., 1:-1:STEP]
    counts = ops.logical_and(middle > 0.01, middle < 0.99)
    pixels = int(grain.shape[1]) * int(grain.shape[2])
    grain = ops.where(counts, grain, 10.0)
    ordered = ops.sort(ops.reshape(grain, (-1, pixels)), axis=-1)
    counts = ops.sum(ops.cast(counts, "int32"), axis=(1, 2))
    place = ops.cast(ops.arange(pixels), "int32")[None]
    at = ops.cast(ops.equal(place, counts[:, None] // 2), "float32")
    median = ops.sum(at * ordered, axis=-1)
    # Of nothing but black and white nothing is known.
    return ops.where(counts > 0, median / (MEDIAN * NORM), 0.0)


def roughness(grey):
    """Mean slope of images `(B, H, W)`, for want of a template: `(B,)`."""
    x = grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]
    y = grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]
    return ops.sqrt(ops.mean(x * x + y * y, axis=(1, 2)))


def luminance(images):
    """Grey `(B, H, W)` of colour `(B, H, W, 3)`."""
    # With a product with a vector, after a transposition, ONNX Runtime gives
    # something else.
    red, green, blue = (images[..., channel] for channel in range(3))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def softened(images, variance):
    """A filter of `variance` square pixels, up to 2, each way.

    `variance` is `(B,)`: a binomial filter of three taps three times over.
    """
    side = variance[:, None, None, None] / 6.0
    for _ in range(3):
        for axis in (1, 2):
            pad = [(0, 0)] * 4
            pad[axis] = (1, 1)
            x = ops.pad(images, pad, "symmetric")
            before, after = (
                (x[:, :-2], x[:, 2:])
                if axis == 1
                else (x[:, :, :-2], x[:, :, 2:])
            )
            images = images + side * (before + after - 2.0 * images)
    return images
