import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from kerasad.layers import (
    Conv2D,
    ConvexCombination,
    DepthToSpace,
    Dropout,
    LeanConv2D,
    LeanDepthwiseConv2D,
    Resize,
    SDCBlock,
    SpaceToDepth,
)
from tests.contracts import check_layer


@pytest.mark.parametrize(
    "layer",
    [
        SpaceToDepth(4),
        DepthToSpace(2),
        SDCBlock(2, dilations=(1, 2, 4)),
        Resize((5, 12)),
        LeanConv2D(5, 3, 2, "same", activation="relu"),
        LeanDepthwiseConv2D((3, 5), padding="same", use_bias=False),
        Dropout(0.5, (None, 1, 1, None)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_contract(layer, rng, tmp_path):
    inputs = rng.normal(size=(2, 8, 8, 4)).astype("float32")
    check_layer(layer, inputs, tmp_path / "model.keras")


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("strides, dilation", [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("sides", [(9, 12), (10, 12)])
def test_lean_convolutions_are_keras_s(sides, strides, dilation, padding, rng):
    images = rng.normal(size=(2, *sides, 4)).astype("float32")
    options = {
        "strides": strides,
        "padding": padding,
        "dilation_rate": dilation,
    }
    pairs = [
        (Conv2D(6, 3, **options), keras.layers.Conv2D(6, 3, **options)),
        (Conv2D(6, 1, **options), keras.layers.Conv2D(6, 1, **options)),
        (
            LeanDepthwiseConv2D(5, activation="relu6", **options),
            keras.layers.DepthwiseConv2D(5, activation="relu6", **options),
        ),
    ]
    for lean, other in pairs:
        lean.build(images.shape)
        lean.bias.assign(rng.normal(size=lean.bias.shape))
        other.build(images.shape)
        other.set_weights(lean.get_weights())
        expected = ops.convert_to_numpy(other(images))
        for lean.trainable in (True, False):  # then in place on PyTorch
            found = ops.convert_to_numpy(lean(images))
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_frozen_layer_leaves_what_it_is_given(rng):
    images = ops.convert_to_tensor(rng.normal(size=(1, 4, 4, 3)))
    before = np.array(ops.convert_to_numpy(images))
    layer = LeanConv2D(3, 1, activation="relu6", trainable=False)
    layer(images), layer(images)
    np.testing.assert_array_equal(ops.convert_to_numpy(images), before)


def test_dropout_is_keras_s(rng):
    values = rng.normal(size=(3, 4, 4, 8)).astype("float32")
    for shape in ((None, 1, 1, None), None):
        found, expected = (
            ops.convert_to_numpy(
                kind(0.3, shape, seed=1)(values, training=True)
            )
            for kind in (Dropout, keras.layers.Dropout)
        )
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert (found == 0).any()


def test_convex_combination_contract(rng, tmp_path):
    pair = [rng.normal(size=(2, 8, 8, 4)).astype("float32") for _ in "ed"]
    check_layer(ConvexCombination(), pair, tmp_path / "model.keras")


def test_space_to_depth_keeps_each_block_together():
    image = np.arange(16.0, dtype="float32").reshape(1, 4, 4, 1)
    blocks = ops.convert_to_numpy(SpaceToDepth(2)(image))
    assert blocks[0, 0, 1].tolist() == [2.0, 3.0, 6.0, 7.0]


def test_depth_to_space_inverts_space_to_depth(rng):
    image = rng.normal(size=(2, 8, 12, 3)).astype("float32")
    back = DepthToSpace(4)(SpaceToDepth(4)(image))
    np.testing.assert_array_equal(ops.convert_to_numpy(back), image)


def test_convex_combination_stays_between_its_inputs(rng):
    encoder = rng.normal(size=(2, 6, 6, 3)).astype("float32")
    decoder = rng.normal(size=(2, 6, 6, 3)).astype("float32")
    layer = ConvexCombination()
    mixed = ops.convert_to_numpy(layer([encoder, decoder]))
    kernel, bias = (np.array(w) for w in layer.get_weights())
    logits = np.concatenate([encoder, decoder], -1) @ kernel[0, 0] + bias
    beta = 1.0 / (1.0 + np.exp(-logits))
    expected = beta * encoder + (1.0 - beta) * decoder
    np.testing.assert_allclose(mixed, expected, rtol=1e-5, atol=1e-6)


def test_convex_combination_refuses_unequal_shapes():
    with pytest.raises(ValueError, match="equal shape"):
        ConvexCombination()([np.ones((1, 4, 4, 2)), np.ones((1, 4, 4, 3))])


def test_sdc_branches_see_as_far_as_their_dilation():
    block = SDCBlock(1, dilations=(1, 4), activation="linear")
    block.build((None, 17, 17, 1))
    block.set_weights([np.ones((3, 3, 1, 1)), np.zeros(1)] * 2)
    impulse = np.zeros((1, 17, 17, 1), "float32")
    impulse[0, 8, 8] = 1.0
    response = ops.convert_to_numpy(block(impulse))[0]
    for channel, dilation in enumerate((1, 4)):
        rows, columns = np.nonzero(response[..., channel])
        reach = {8 - dilation, 8, 8 + dilation}
        assert set(rows) == set(columns) == reach


@pytest.mark.parametrize("size", [(20, 31), (64, 48), (150, 90)])
def test_resize_is_pillows_bilinear(size, rng):
    image = rng.integers(0, 256, (60, 47, 3), dtype="uint8")
    ours = ops.convert_to_numpy(Resize(size)(image[None].astype("float32")))
    pillow = Image.fromarray(image).resize(
        size[::-1], Image.Resampling.BILINEAR
    )
    difference = np.abs(ours[0] - np.asarray(pillow, "float32"))
    assert difference.max() <= 1.0  # where a sum is all but a half
    assert (difference > 0).mean() < 0.1
