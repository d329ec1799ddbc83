"""The nearest of the vectors remembered at a place and around it."""

from keras import ops

FAR = 1e6  # squared distance that no neighbour has
STRIPS = 16  # parts of the grid, one after another


def remembered(bank):
    """A bank of vectors ready for `nearest_nearby`.

    Less one of them: what two vectors of a place have in common is far more
    than what tells them apart, and would be most of the rounding. And with
    their squared lengths as one more component: a product with `(-2 q, 1)`
    then is the squared distance but for the length of `q`, in one pass.

    Args:
        bank: float32 `(R, C, D, N)`, N vectors a place.

    Returns:
        The bank `(R, C, D + 1, N)`, and what is to be taken from a vector
        `(-2 q, 1)` at each place, `(R, C, 1, D + 1)`.
    """
    centre = bank[..., :1]
    bank = bank - centre
    squares = ops.sum(ops.square(bank), axis=2, keepdims=True)
    centre = -2.0 * ops.transpose(centre, (0, 1, 3, 2))
    centre = ops.pad(centre, [[0, 0], [0, 0], [0, 0], [0, 1]])
    return ops.concatenate([bank, squares], axis=2), centre


def nearest_nearby(queries, bank, centre, window, far=None):
    """Least squared distance, `(R, C, B)`, at least 0.

    Args:
        queries: `(R, C, B, D)`, vectors at places.
        bank, centre: of `remembered`.
        window: int, in places. How far away they may have been seen.
        far: `(B, N)`, added to the squared distance between a query and a
            vector, or `None`.
    """
    # Tensors while torch traces, whose quotients ONNX rounds towards zero.
    rows, columns = map(int, queries.shape[:2])
    reach = range(2 * window + 1)
    shifts = [(down, right) for down in reach for right in reach]
    edge = [window, window]
    ones = ops.ones_like(queries[..., :1])
    queries = ops.concatenate([-2.0 * queries, ones], axis=-1)
    # The few queries move, not the large bank.
    padded = ops.pad(queries, [edge, edge, [0, 0], [0, 0]])
    if far is not None:
        far = ops.tile(far, (len(shifts), 1))
    strips = []
    # In strips, for their products to stay in the cache, and in memory that
    # is used again.
    # Rounded up without a negative number: in ONNX, where a tracer takes this
    # along, its quotient would be cut off the other way.
    step = (rows + STRIPS - 1) // STRIPS
    for top in range(0, rows, step):
        strip = slice(top, min(rows, top + step))
        height = strip.stop - top
        moved = ops.concatenate(
            [
                padded[top + down : top + down + height, right:][:, :columns]
                for down, right in shifts
            ],
            axis=2,
        )  # (r, C, S B, D + 1)
        distances = distances_to(moved - centre[strip], bank[strip], far)
        shape = (height, columns, len(shifts), -1)
        strips.append(ops.reshape(distances, shape))
    distances = ops.concatenate(strips, axis=0)  # (R, C, S, B)
    nearest = FAR
    for index, (down, right) in enumerate(shifts):
        found = shift(distances[:, :, index], window - down, 0)
        nearest = ops.minimum(nearest, shift(found, window - right, 1))
    return ops.maximum(nearest, 0.0)


def distances_to(queries, bank, far):
    """Of each query, `(-2 q, 1)`, the least squared distance at its place."""
    products = ops.matmul(queries, bank)
    if far is not None:
        products = products + far
    lengths = 0.25 * ops.sum(ops.square(queries[..., :-1]), axis=-1)
    return ops.min(products, axis=-1) + lengths


def shift(x, step, axis):
    """`x` moved by `step` along `axis`, `FAR` where nothing comes in."""
    if step == 0:
        return x
    edge = [slice(None)] * axis
    kept = x[(*edge, slice(step, None) if step > 0 else slice(None, step))]
    padding = [[0, 0]] * len(x.shape)
    padding[axis] = [0, step] if step > 0 else [-step, 0]
    return ops.pad(kept, padding, constant_values=FAR)
