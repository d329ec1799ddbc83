"""One of two computations for each image, and no more than is needed."""

from keras import ops, tree

from kerasad.layers.once import line_by_line


def either(flags, yes, no, inputs):
    """`yes(*inputs)` of the images that are flagged, `no(*inputs)` of others.

    While a detector scores on PyTorch, which computes line by line, each is
    computed only of its own images. The other backends, and whoever traces,
    compute both of all.

    Args:
        flags: bool `(B,)`.
        yes, no: callables that return tensors, or tuples of them, of the
            same shapes `(B, ...)`.
        inputs: tuple of what both take, nested tensors `(B, ...)`.
    """
    if not line_by_line():
        parts = yes(*inputs), no(*inputs)
        return tree.map_structure(lambda *pair: chosen(flags, *pair), *parts)
    if not bool(flags.any()):
        return no(*inputs)
    if bool(flags.all()):
        return yes(*inputs)

    def own(which):
        return tree.map_structure(lambda x: x[which], inputs)

    def joined(of_yes, of_no):
        result = of_yes.new_empty((len(flags), *of_yes.shape[1:]))
        result[flags], result[~flags] = of_yes, of_no
        return result

    return tree.map_structure(joined, yes(*own(flags)), no(*own(~flags)))


def chosen(flags, yes, no):
    """`yes` or `no` for each row, by `flags`, bool `(B,)`."""
    shape = (-1, *[1] * (len(yes.shape) - 1))
    return ops.where(ops.reshape(flags, shape), yes, no)
