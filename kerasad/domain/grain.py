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

    `variance` is `(B,)`: a binomial filter of three taps three times over,
    which is one of seven.
    """
    side = variance[:, None, None, None] / 6.0
    square, cube = side * side, side * side * side
    # Of the centre, and of both neighbours one, two and three pixels away.
    middle, *taps = (
        1.0 - 6.0 * side + 18.0 * square - 20.0 * cube,
        3.0 * side - 12.0 * square + 15.0 * cube,
        3.0 * square - 6.0 * cube,
        cube,
    )
    for axis in (1, 2):
        x = mirrored(images, axis, 3)
        images = middle * images
        for away, tap in enumerate(taps, 1):
            # To the end of the array where that is the last.
            pair = slice(3 - away, -3 - away), slice(3 + away, away - 3 or None)
            before, after = (
                x[(slice(None),) * axis + (part,)] for part in pair
            )
            pair = before + after
            pair *= tap  # in place on PyTorch, as below
            images += pair
    return images


def mirrored(images, axis, count):
    """With so many pixels more at both ends of an axis, the last once more.

    `ops.pad` of PyTorch repeats the outermost where it says "symmetric".
    """
    before = (slice(None),) * axis
    size = int(images.shape[axis])
    ends = [
        [images[(*before, slice(i, i + 1))] for i in places]
        for places in (
            reversed(range(count)),
            range(size - 1, size - 1 - count, -1),
        )
    ]
    return ops.concatenate([*ends[0], images, *ends[1]], axis=axis)
