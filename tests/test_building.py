import keras
import numpy as np
import pytest

from kerasad.building import build_network, compile_network
from kerasad.config import Config, load_config
from kerasad.errors import InputError
from kerasad.losses import MSESSIMLoss, SquaredError
from kerasad.models import SSAE, ModelOne

ONE = dict(
    model="model_one",
    image_size=16,
    depth=1,
    base_filters=4,
    head=False,
    context=False,
    crop=0,
    anomaly_map="squared-error",
)


def test_keys_reach_the_network():
    model = build_network(Config(**ONE, arch=0, latent=6, loss="mse"))
    assert type(model) is ModelOne
    assert model.get_config() == {
        "arch": 0,
        "image_size": 16,
        "depth": 1,
        "base_filters": 4,
        "latent": 6,
        "name": model.name,
    }
    volumetric = build_network(Config(**ONE, arch=1, loss="mse"))
    assert volumetric.latent is None  # the config's 128 is for the others
    assert (
        type(build_network(Config(image_size=64, filters=(6, 12), crop=0)))
        is SSAE
    )


@pytest.mark.parametrize(
    "name, kind", [("mse", SquaredError), ("mse_ssim", MSESSIMLoss)]
)
def test_keys_reach_the_objective(name, kind):
    config = Config(
        **ONE, arch=1, loss=name, alpha=0.4, optimizer="sgd", accumulation=3
    )
    model = build_network(config)
    compile_network(model, config)
    assert type(model.loss) is kind
    assert getattr(model.loss, "alpha", 0.4) == 0.4
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert model.optimizer.gradient_accumulation_steps == 3
    images = np.zeros((2, 16, 16, 3), "float32")
    assert np.isfinite(model.train_on_batch(images, images))


@pytest.mark.parametrize(
    "setting, message",
    [
        ("arch=4", "config key 'arch' must be 0, 1, 2 or 3. Received: 4"),
        ("image_size=100", "config key 'image_size' must be a multiple of 64, "
         "which is 2^depth. Received: 100"),
        ("latent=0", "config key 'latent' must be in [1, 65536]. Received: 0"),
        ("head=true", "config key 'head' must be false: Model I has none. "
         "Received: True"),
    ],
)  # fmt: skip
def test_refusals(setting, message):
    with pytest.raises(InputError) as caught:
        load_config("h1", [setting])
    assert str(caught.value) == message


def test_a_head_needs_masks():
    with pytest.raises(InputError, match="'loss' must be masked where the"):
        Config(loss="mse")
