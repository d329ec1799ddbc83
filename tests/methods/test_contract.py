"""Every method of kerasad keeps the contract, and what breaks it is told."""

import keras
import numpy as np
import pytest

from kerasad.config import load_config
from kerasad.detector import Detector
from kerasad.errors import InputError
from kerasad.methods import find_method, names
from kerasad.methods.fused import FusedMethod
from kerasad.methods.method import Method
from kerasad.testing import check_method

SMALL = ["image_size=32", "precision=float32", "epochs=1", "batch_size=4"]
SSAE = ["filters=[16, 16]", "dilations=[1, 2]", "blocks=1", "crop=16"]
# Of fewer filters PyTorch 2.13 runs over its memory, at 48 pixels or more.
ONE = ["depth=2", "base_filters=16", "latent=4"]
FAST = ["image_size=32", "weights=random", "taps=[block_1]", "head_steps=9"]
# With a domain in tests/domain/test_detector.py: it takes minutes to compile.
FAST += ["domain=none"]
CODES = [
    "steps=2",
    "prior_steps=2",
    "copies=2",
    "stem=4",
    "filters=16",
    "codes=16",
    "code_size=8",
]
CODES += ["prior_filters=16", "prior_blocks=1", "batch_size=4"]
CODES += ["image_size=32", "precision=float32"]
RECIPES = {
    "ssae": ("robust", SMALL + SSAE),
    "model_one": ("h2", [*SMALL, *ONE]),
    "patch_memory": ("memory", ["image_size=32"]),
    "feature_memory": ("fast", FAST),
    "fused": ("default", SMALL + SSAE),
    "vqvae2": ("vqvae2", CODES),
    "lsr": ("lsr", [*CODES, "unlikely=1"]),
}


# What trains by gradients takes a minute more for each size on JAX: the pairs
# of sides of those are in tests/test_strip.py, on one backend.
SIZES = [(name, "32") for name in names()]
if keras.backend.backend() == "torch":
    SIZES += [("patch_memory", "[32, 80]"), ("feature_memory", "[64, 32]")]


@pytest.mark.parametrize("name, size", SIZES)
def test_contract(name, size, tmp_path):
    keeps_contract(name, size, tmp_path)


def keeps_contract(name, size, folder):
    recipe, settings = RECIPES[name]
    config = load_config(recipe, [*settings, f"image_size={size}"])
    assert config.method == name
    detector = check_method(config, folder)
    assert detector.image_size == config.sides
    assert type(detector.method) is find_method(name)


def test_a_memory_leaves_out_the_image_itself(tmp_path):
    detector = check_method(load_config(*RECIPES["patch_memory"]), tmp_path)
    images = np.random.default_rng(0).uniform(size=(2, 32, 32, 3))
    with_itself = detector.method(images.astype("float32"))["maps"]
    beyond = np.array([100, 101])  # places that no image of the memory has
    left_out = detector.method.left_out_maps(images.astype("float32"), beyond)
    np.testing.assert_allclose(
        np.asarray(with_itself), np.asarray(left_out), rtol=1e-5
    )


def test_fused_takes_the_keys_of_its_members():
    config = load_config("default", ["epochs=3", "memory_images=7"])
    ssae, memory = config.settings.members
    assert (ssae.epochs, memory.memory_images) == (3, 7)
    assert config.replace(epochs=4).settings.members[0].epochs == 4
    alone = load_config("default", ["methods=[patch_memory, model_one]"])
    assert alone.settings.members[1].latent == 128


def test_what_counts_for_a_quarter_is_a_quarter_of_the_sum(rng):
    def darkness(power):
        method = Method()
        method.call = lambda x: {"maps": x[..., :1] ** power}
        return method

    images = rng.integers(256, size=(9, 8, 8, 3)).astype("uint8")
    found = []
    for weights in (None, (1.0, 1.0), (1.0, 0.25), (1.0, 1e-9)):
        method = FusedMethod([darkness(1), darkness(2)], weights)
        detector = Detector(method, 8, sigma=0.0)
        detector.fit_map_statistics(images)
        found.append(detector.predict(images)["anomaly_map"])
    plain, alike, quarter, first = found
    np.testing.assert_array_equal(plain, alike)
    expected = first + 0.25 * (plain - first)
    np.testing.assert_allclose(quarter, expected, atol=1e-5)


@pytest.mark.parametrize(
    "recipe, setting, message",
    [
        ("memory", "epochs=3", "unknown config key 'epochs' of method patch_"),
        ("default", "latent=7", "unknown config key 'latent' of method fused"),
        ("h2", "crop=32", "unknown config key 'crop' of method model_one"),
        ("default", "methods=[ssae]", "must be a list of two or more methods"),
        ("default", "methods=[ssae, fused]", "must not hold 'fused' itself"),
        ("default", "method_weights=[1]", "a positive number for each of the"),
        ("default", "method_weights=[1, 0]", "a positive number for each of"),
        (
            "memory",
            "method=nothing",
            "'method' must be one of feature_me",
        ),
        ("h2", "image_size=16", "must be a multiple of 64, which is 2^depth"),
        ("memory", "image_size=16", "must be at least 32 for a patch memory"),
        ("memory", "image_size=[16,64]", "at least 32 for a patch memory"),
        ("h2", "image_size=[64,96]", "must be a multiple of 64, which is 2^d"),
        ("robust", "image_size=[128,200]", "must be a multiple of 16, which"),
        ("robust", "image_size=[64,96]", "multiple of 16 up to image_size"),
        ("vqvae2", "image_size=48", "a multiple of 32, the side of the coar"),
        ("vqvae2", "prior_learning_rate=0", "rate' must be positive"),
        ("lsr", "score_map=sampled", "'score_map' must be one of likelihood"),
    ],
)
def test_refusals(recipe, setting, message):
    with pytest.raises(InputError) as caught:
        load_config(recipe, [setting])
    assert message in str(caught.value)
