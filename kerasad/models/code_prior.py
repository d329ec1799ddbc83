"""What code comes next: the autoregressive prior over a grid of codes."""

import keras
from keras import layers

from kerasad.layers.causal import CausalAttention, MaskedConv2D
from kerasad.layers.place_bias import PlaceBias


def code_prior(
    grid, codes, filters, blocks, dropout, coarse=None, attention=True,
    dtype=None,
):  # fmt: skip
    """A network from the numbers of codes to the logits of each.

    Those of a cell depend on the cells before it, on its place, and on the
    codes of a coarser grid, where there is one.

    Args:
        grid: pair of ints, rows and columns.
        codes: int. How many there are.
        filters, blocks: ints. Channels, and gated masked convolutions.
        dropout: float in `[0, 1)`; good images are few.
        coarse: pair of ints. Rows and columns of a grid half as fine, whose
            codes are then the second input.
        attention: bool. Whether each block ends with it; cells are paired
            with all before, so for small grids.

    Reference:

    - [Chen et al., 2018](https://arxiv.org/abs/1712.09763), PixelSNAIL.
      Deviations: fewer and narrower blocks, gated by one convolution; a
      learnt vector for each place instead of its coordinates
    """

    def masked(x, width, kernel, itself=True):
        return MaskedConv2D(width, kernel, itself=itself, dtype=dtype)(x)

    def dense(x, width, **options):
        return layers.Dense(width, dtype=dtype, **options)(x)

    numbers = keras.Input(grid, dtype="int32", name="codes")
    inputs = [numbers]
    x = layers.Embedding(codes, filters, dtype=dtype)(numbers)
    x = masked(layers.Dropout(dropout, dtype=dtype)(x), filters, 5, False)
    if coarse is not None:
        above = keras.Input(coarse, dtype="int32", name="coarse_codes")
        inputs.append(above)
        y = layers.Embedding(codes, filters, dtype=dtype)(above)
        y = layers.Conv2D(
            filters, 3, padding="same", data_format="channels_last", dtype=dtype
        )(layers.Dropout(dropout, dtype=dtype)(y))
        y = layers.UpSampling2D(2, data_format="channels_last", dtype=dtype)(y)
        x = layers.Add(dtype=dtype)([x, y])
    x = PlaceBias(dtype=dtype)(x)
    for _ in range(blocks):
        y = layers.Activation("elu", dtype=dtype)(x)
        y = layers.Dropout(dropout, dtype=dtype)(y)
        gate = masked(y, filters, 5)
        gate = layers.Activation("sigmoid", dtype=dtype)(gate)
        y = layers.Multiply(dtype=dtype)([masked(y, filters, 5), gate])
        if attention:
            y = layers.Add(dtype=dtype)([y, CausalAttention(dtype=dtype)(y)])
        x = layers.Add(dtype=dtype)([x, dense(y, filters)])
    x = layers.Activation("elu", dtype=dtype)(x)
    x = layers.Dropout(dropout, dtype=dtype)(x)
    logits = layers.Activation("linear", dtype="float32")(dense(x, codes))
    return keras.Model(inputs, logits)
