import keras
import numpy as np
import pytest

from kerasad.backbones import BACKBONES, build_backbone
from kerasad.backbones.applications import (
    APPLICATIONS,
    IMAGENET_STD,
    output,
)
from kerasad.errors import InputError
from kerasad.plain_keras import plain_keras
from kerasad.vetting.config import check_value


@pytest.fixture
def images(rng):
    return rng.random((2, 64, 96, 3)).astype("float32")


@pytest.fixture
def foreign_state():
    """A user's global settings that must not matter."""
    with plain_keras():  # puts back what is changed
        keras.config.set_floatx("float16")
        keras.config.set_dtype_policy("mixed_bfloat16")
        keras.config.set_image_data_format("channels_first")
        yield


@pytest.mark.parametrize("name", BACKBONES)
def test_frozen_vetted_and_saved(name, images, tmp_path, foreign_state):
    model = build_backbone(name, (64, 96), weights=None)
    assert not model.trainable_weights
    assert model.inputs[0].dtype == "float32"
    assert keras.config.floatx() == "float16"  # the user's, put back
    outputs = model.predict(images, verbose=0)
    strides = [64 // output.shape[1] for output in outputs]
    assert strides == [4, 8, 16]
    assert {output.dtype for output in outputs} == {np.dtype("float32")}
    check_value(keras.saving.serialize_keras_object(model), "")

    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras")
    assert not revived.trainable_weights
    for ours, theirs in zip(
        revived.predict(images, verbose=0), outputs, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_weights_from_a_path(name, images, tmp_path):
    kind, taps = APPLICATIONS[name]
    original = getattr(keras.applications, kind)(
        include_top=False, weights=None, input_shape=(64, 96, 3)
    )
    path = tmp_path / "backbone.weights.h5"
    original.save_weights(path)
    model = build_backbone(name, (64, 96), weights=path)
    prepared = images * 255.0
    if name == "resnet50":
        prepared = keras.applications.resnet50.preprocess_input(prepared)
    if name == "efficientnet-b0":
        # Its own normalisation is the identity here: see `fill`.
        prepared = prepared / np.sqrt(IMAGENET_STD)
    cut = keras.Model(original.input, output(original, taps[-1]))
    expected = cut.predict(prepared, verbose=0)
    ours = model.predict(images, verbose=0)[-1]
    scale = np.abs(expected).max()
    np.testing.assert_allclose(ours / scale, expected / scale, atol=1e-4)


def test_refusals(tmp_path):
    with pytest.raises(InputError, match="backbone must be one of"):
        build_backbone("vgg", (64, 64))
    with pytest.raises(InputError, match="name of a layer"):
        build_backbone("resnet50", (64, 64), None, ["nowhere"])
    with pytest.raises(InputError, match="no such file"):
        build_backbone("resnet50", (64, 64), tmp_path / "none.h5")
    (tmp_path / "bad.weights.h5").write_bytes(b"nothing")
    with pytest.raises(InputError, match="holds no weights"):
        build_backbone("resnet50", (64, 64), tmp_path / "bad.weights.h5")


def test_taps_of_convnext_are_sums():
    model = build_backbone("convnext-tiny", (64, 64), weights=None)
    for tap in model.outputs:
        # What Keras calls identity is one branch; a sum has no name.
        assert type(tap._keras_history.operation).__name__ == "Add"
