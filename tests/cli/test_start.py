"""What the commands that people start must not import."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import kerasad
from kerasad.capsules import draw_capsule
from kerasad.lean_keras import replaced

SAVED = Path(__file__).parents[1] / "saved" / "default-0.1.keras"
RUN = """
import sys
from click.testing import CliRunner
from kerasad.cli import cli

result = CliRunner().invoke(cli, ["predict", *sys.argv[1:]])
assert result.exit_code == 0, result.output
print(result.stdout)
heavy = {"matplotlib", "sklearn", "skimage", "pandas", "jax", "torch._dynamo"}
print(sorted(heavy & set(sys.modules)))
"""
TRAIN = """
import sys
from kerasad.cli import cli

cli(["train", "--config", "memory", *sys.argv[1:]], standalone_mode=False)
print(sorted({"tensorflow", "jax", "torch", "pandas"} & set(sys.modules)))
import tensorflow  # nobody else is hindered
"""
MISSPELT = """
import sys
from kerasad.cli import cli

try:
    cli(["train", "--config", "defualt"], standalone_mode=False)
except Exception as error:
    print(error)
print("keras" in sys.modules)
"""
AFTERWARDS = """
import matplotlib.pyplot, sklearn.metrics  # nobody else is hindered
if "torch" in sys.modules:
    import torch
    assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)) == 2
    import torch._dynamo
    assert torch._dynamo.__spec__ is not None
"""


def predict(code, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        check=True,
        stdout=subprocess.PIPE,
    )
    line, _, heavy = done.stdout.decode().strip().splitlines()
    return json.loads(line), heavy


@pytest.fixture
def image(tmp_path):
    rng = np.random.default_rng(100)
    Image.fromarray(draw_capsule(rng, 32)[0]).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_predict_imports_no_more_than_it_needs(image, tmp_path):
    # Overlays are all that it can do more; to draw one takes no more either.
    options = ["--out", tmp_path / "overlays"]
    line, heavy = predict(RUN + AFTERWARDS, SAVED, image, *options)
    backend = keras.backend.backend()
    assert heavy == ("['jax']" if backend == "jax" else "[]")
    assert Path(line["overlay"]).is_file()
    whole = kerasad.load(SAVED).predict(np.asarray(Image.open(image))[None])
    score = float(whole["anomaly_score"][0])
    assert line["anomaly_score"] == pytest.approx(score, rel=1e-5)


def test_a_misspelt_recipe_is_told_before_keras_is_imported():
    done = subprocess.run(
        [sys.executable, "-c", MISSPELT], check=True, stdout=subprocess.PIPE
    )
    message, imported = done.stdout.decode().splitlines()
    assert message.endswith("did you mean 'default'?")
    assert imported == "False"


def test_train_imports_no_other_backend(tmp_path, rng):
    """Not to seed it either, which Keras does by itself."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    for index in range(22):
        image, _ = draw_capsule(rng, 32)
        Image.fromarray(image).save(tmp_path / f"{index}.png")
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, "--data", tmp_path]
        + ["--set", "image_size=32", "--out", tmp_path / "run"],
        check=True,
        stdout=subprocess.PIPE,
    )
    found = done.stdout.decode().splitlines()[-1]
    assert found == str([keras.backend.backend()])
    assert (tmp_path / "run" / "detector.keras").is_file()


def test_a_module_that_is_there_is_not_hidden():
    with replaced({"keras": None, "no_such_module": None}):
        assert sys.modules["keras"] is keras
        with pytest.raises(ImportError):
            import no_such_module  # noqa: F401
    assert "no_such_module" not in sys.modules
