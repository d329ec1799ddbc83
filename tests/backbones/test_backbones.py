import keras
import numpy as np
import pytest

from kerasad.backbones import BACKBONES, build_backbone
from kerasad.backbones.applications import IMAGENET_STD
from kerasad.errors import InputError
from kerasad.vetting.config import check_value


@pytest.fixture
def images(rng):
    return rng.random((2, 64, 96, 3)).astype("float32")


@pytest.fixture
def foreign_state():
    """A user's global settings that must not matter."""
    policy = keras.config.dtype_policy()
    data_format = keras.config.image_data_format()
    keras.config.set_dtype_policy("mixed_bfloat16")
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_dtype_policy(policy)
    keras.config.set_image_data_format(data_format)


@pytest.mark.parametrize("name", BACKBONES)
def test_frozen_vetted_and_saved(name, images, tmp_path, foreign_state):
    model = build_backbone(name, (64, 96), weights=None)
    assert not model.trainable_weights
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


@pytest.mark.parametrize("name", ["resnet50", "efficientnet-b0"])
def test_weights_from_a_path(name, images, tmp_path):
    kind = {"resnet50": "ResNet50", "efficientnet-b0": "EfficientNetB0"}[name]
    original = getattr(keras.applications, kind)(
        include_top=False, weights=None, input_shape=(64, 96, 3)
    )
    path = tmp_path / "backbone.weights.h5"
    original.save_weights(path)
    model = build_backbone(name, (64, 96), weights=path)
    levels = images * 255.0
    if name == "resnet50":
        prepared = keras.applications.resnet50.preprocess_input(levels.copy())
        tap = "conv4_block6_out"
    else:
        # Its own normalisation is the identity here: see `fill`.
        prepared = levels / np.sqrt(IMAGENET_STD)
        tap = "block5c_add"
    cut = keras.Model(original.input, original.get_layer(tap).output)
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
