import keras
import numpy as np
import pytest

from kerasad.models import ModelOne
from kerasad.models.model_one import ARCHITECTURES
from tests.contracts import check_model
from tests.small import on_one_backend

SMALL = dict(image_size=16, depth=1, base_filters=16)


@pytest.mark.parametrize("arch", [1, 2, 3])  # 0 is 3 in other sizes
def test_contract(arch, rng, tmp_path):
    keras.utils.set_random_seed(0)  # few units: some seeds have all dead
    latent = 8 if arch in (0, 3) else None
    model = ModelOne(arch, latent=latent, **SMALL)
    images = rng.uniform(size=(2, 16, 16, 3)).astype("float32")
    check_model(model, images, tmp_path / "model.keras")


# Table 1, and section 3.1.2 for the baseline.
@on_one_backend
@pytest.mark.parametrize(
    "arch, size, stem, vector, bottleneck",
    [
        (0, 256, 32, 512, (4, 4, 256)),
        (1, 1024, 32, None, (64, 64, 256)),
        (2, 512, 32, None, (64, 64, 256)),
        (3, 256, 64, 128, (4, 4, 512)),
    ],
)
def test_sizes_of_the_paper(arch, size, stem, vector, bottleneck):
    assert ARCHITECTURES[arch]["base_filters"] == stem
    # Every width is a multiple of the stem's: an eighth builds faster.
    model = ModelOne(arch, image_size=size, base_filters=stem // 8)
    assert model.input_shape == model.output_shape == (None, size, size, 3)
    down = [x for x in model.layers if type(x).__name__ == "ResidualDown"]
    up = [x for x in model.layers if type(x).__name__ == "ResidualUp"]
    height, width, channels = down[-1].output.shape[1:]
    assert (height, width, 8 * channels) == bottleneck
    assert up[-1].filters == stem // 8
    assert len(up) == len(down)
    latent = [x for x in model.layers if x.name == "latent"]
    assert [x.units for x in latent] == ([vector] if vector else [])


def test_architecture_2_sees_lightness_and_attends():
    kinds = [type(x).__name__ for x in ModelOne(2, **SMALL).layers]
    assert kinds[1] == "AppendLightness"
    assert all(x.cbam for x in ModelOne(2, **SMALL).layers if "cbam" in dir(x))
    assert "AppendLightness" not in [
        type(x).__name__ for x in ModelOne(1, **SMALL).layers
    ]


def test_half_precision_trains_and_answers_in_float32(rng):
    options = dict(arch=2, **SMALL)
    model = ModelOne(dtype="mixed_bfloat16", **options)
    images = rng.uniform(size=(2, 16, 16, 3)).astype("float32")
    assert {w.dtype for w in model.get_weights()} == {np.dtype("float32")}
    half = model.predict(images, verbose=0)
    full = ModelOne(**options)
    full.set_weights(model.get_weights())
    exact = full.predict(images, verbose=0)
    assert half.dtype == exact.dtype == np.float32
    np.testing.assert_allclose(half, exact, atol=0.05)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"arch": 4}, "Received: arch=4"),
        ({"arch": 1, "latent": 8}, "Architecture 1 has no latent vector"),
        ({"image_size": 100}, "must be a multiple of 64"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        ModelOne(**options)
