"""Every recipe trains, saves, loads and scores, at a small size."""

import keras
import numpy as np
import pytest
from PIL import Image

import kerasad
from kerasad import config, recipes
from kerasad.capsules import draw_capsule
from kerasad.errors import InputError
from kerasad.training.train import train

SIZE = 32
# What of it a recipe's method has is set.
SMALL = dict(
    image_size=SIZE,
    filters=(16, 16),  # of fewer PyTorch 2.13 runs over its memory
    dilations=(1, 2),
    blocks=1,
    base_filters=16,
    latent=4,
    depth=1,
    crop=0,
    epochs=1,
    batch_size=2,
    gradient_accumulation_steps=1,
    validation_share=0.34,
    precision="float32",
    threshold="n-sigma",
    weights="random",
    codes=8,
    code_size=4,
    prior_filters=16,
    prior_blocks=1,
    prior_steps=3,
    copies=2,
    head_steps=5,
)


# Named in one breath in the paper; ours differ by their seed alone.
TWINS = {"m7": "c1", "2b": "2a", "2c": "2a", "e4": "e5"}


def small_of(name, **changes):
    recipe = config.load_config(name)
    flat = recipe.flat()
    small = {key: value for key, value in SMALL.items() if key in flat}
    if isinstance(flat.get("filters"), int):
        small["filters"] = 16
    if "codes" in flat:
        small["stem"] = 8  # one cell alone has none to attend to
    return recipe.replace(**small, **changes)


@pytest.fixture(scope="module")
def capsules(tmp_path_factory):
    """Six drawn capsules of 64 pixels as files."""
    folder = tmp_path_factory.mktemp("capsules")
    for index in range(6):
        image, _ = draw_capsule(np.random.default_rng(index), 64)
        Image.fromarray(image).save(folder / f"{index}.png")
    return folder


@pytest.mark.parametrize("name", TWINS)
def test_twins(name):
    twin = config.load_config(TWINS[name])
    recipe = config.load_config(name)
    assert recipe.seed != twin.seed
    assert recipe == twin.replace(name=name, seed=recipe.seed)


@pytest.mark.parametrize("name", sorted(set(recipes.names()) - set(TWINS)))
def test_recipe(name, capsules, tmp_path):
    recipe = small_of(name, k=1.0, fpr=None)
    result = train(recipe, capsules, tmp_path)
    steps = 2 + recipe.flat().get("prior_steps", 0)
    assert result.facts.get("steps", steps) == steps
    assert (result.train_images, result.validation_images) == (4, 2)
    detector = kerasad.load(tmp_path / "detector.keras")
    assert detector.provenance["config"]["name"] == name
    images = [np.asarray(Image.open(capsules / f"{i}.png")) for i in range(2)]
    scores = detector.predict(images)["anomaly_score"]
    expected = result.detector.predict(images)["anomaly_score"]
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)


PAPER = {
    "c1": (1024, "sgd", 1e-3, 1, 50),
    "2a": (512, "adam", 1e-4, 5, 20),
    "h1": (256, "adam", 1e-4, 32, 100),
    "h2": (256, "adam", 1e-4, 32, 100),
    "e2": (256, "adam", 1e-3, 32, 200),
    "e4": (256, "adam", 1e-4, 32, 200),
    "e5": (256, "adam", 1e-4, 32, 200),
    "ds1": (256, "adam", 1e-4, 32, 200),
    "ds2": (256, "adam", 1e-4, 32, 200),
}


@pytest.mark.parametrize("name", PAPER)
def test_table_1(name):
    """Resolution, optimizer, rate, effective batch, epochs."""
    recipe = config.load_config(name)
    own = recipe.settings
    assert PAPER[name] == (
        recipe.image_size,
        own.optimizer,
        own.learning_rate,
        own.batch_size * own.gradient_accumulation_steps,
        own.epochs,
    )
    assert (recipe.score, recipe.threshold, recipe.k) == (
        "mean",
        "n-sigma",
        1e-4,
    )
    assert not (recipe.normalise or getattr(own, "head", False))


def test_time_limit_ends_the_training(capsules, tmp_path):
    small = small_of("c1").replace(epochs=50)
    result = train(small, capsules, tmp_path, minutes=1e-6)
    assert len(result.rows) == 1
    assert result.facts["steps"] == 1  # of two: the epoch was cut short
    assert (tmp_path / "detector.keras").is_file()
    with pytest.raises(InputError, match="time limit .* must be positive"):
        train(small, capsules, tmp_path, minutes=0)


def test_time_of_the_epochs_before_counts(capsules, tmp_path):
    small = small_of("c1").replace(epochs=3)

    class Stop(Exception):
        pass

    def interrupt(epochs, epoch, step, steps, row):
        if row is not None:
            raise Stop

    with pytest.raises(Stop):
        train(small, capsules, tmp_path, progress=interrupt)
    result = train(small, capsules, tmp_path, resume=True, minutes=1e-6)
    assert len(result.rows) == 1
    assert result.facts["steps"] == 2
    keras.backend.clear_session()
