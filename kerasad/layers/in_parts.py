"""A few images at a time where more of them take longer."""

from keras import ops, tree

from kerasad.layers.once import line_by_line


def in_parts(compute, inputs, count):
    """`compute(*inputs)`, of at most `count` images at a time.

    While a detector scores on PyTorch, which computes line by line. The other
    backends, and whoever traces, compute it of all at once.

    Args:
        compute: callable that returns nested tensors `(B, ...)`.
        inputs: tuple of what it takes, nested tensors `(B, ...)`.
        count: int, at least 1.
    """
    if not line_by_line():
        return compute(*inputs)
    images, parts = len(tree.flatten(inputs)[0]), []
    for start in range(0, images, count):
        part = slice(start, start + count)
        some = tree.map_structure(lambda x, part=part: x[part], inputs)
        parts.append(compute(*some))
    return tree.map_structure(lambda *x: ops.concatenate(x), *parts)
