"""Photos that are not square, at their own shape: the life of a detector."""

import json

import numpy as np
import pytest
import yaml
from PIL import Image

import kerasad
from kerasad.backend import installed
from kerasad.config import load_config
from kerasad.data.aspect import squashed
from kerasad.data.layouts import open_category
from kerasad.detector import Detector
from kerasad.errors import InputError
from kerasad.export import export, find_format
from kerasad.methods import find_method
from kerasad.sides import keeping_shape, squash
from tests.cli.conftest import TINY, run, succeed
from tests.methods.test_contract import keeps_contract

SIDES = (32, 128)


@pytest.fixture(scope="module")
def strips(tmp_path_factory):
    """Photos of 64 x 256, eight good ones to train on."""
    root = tmp_path_factory.mktemp("strips")
    rng = np.random.default_rng(0)
    for split, kind, count in (
        ("train", "good", 10),
        ("test", "good", 3),
        ("test", "spot", 3),
    ):
        for index in range(count):
            image = 120 + 60 * np.sin(np.arange(256) / 9 + rng.normal(0, 0.1))
            image = image + rng.normal(0, 5, (64, 256))
            mask = np.zeros((64, 256), bool)
            if kind != "good":
                mask[20:30, 100 + 30 * index : 110 + 30 * index] = True
                image[mask] = 250
                save(mask, root / f"ground_truth/{kind}/{index}_mask.png")
            save(image.clip(0, 255), root / f"{split}/{kind}/{index}.png")
    return root


def save(pixels, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    scale = 255 if pixels.dtype == bool else 1
    Image.fromarray((pixels * scale).astype("uint8")).save(path)


@pytest.fixture(scope="module")
def trained(strips, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    settings = {**TINY, "image_size": "[32,128]", "crop": 64}
    settings = [f"--set={key}={value}" for key, value in settings.items()]
    command = ["train", "--data", strips, "--out", out, *settings]
    return command, out, succeed(*command)


def test_train_and_what_it_remembers(trained, strips):
    command, out, result = trained
    assert "32 x 128 px" in result.stdout
    assert "squashed" not in result.stderr
    detector = kerasad.load(out / "detector.keras")
    assert detector.image_size == SIDES
    assert list(detector.provenance["config"]["image_size"]) == [32, 128]
    text = (out / "config.yaml").read_text()
    assert yaml.safe_load(text)["image_size"] == [32, 128]
    assert load_config(str(out / "config.yaml")).sides == SIDES
    assert "is finished" in succeed(*command, "--resume").stderr
    other = run(*command, "--resume", "--set=image_size=[32,64]")
    assert other.exit_code == 2
    assert "was begun with image_size=[32, 128]" in other.stderr


def test_threshold_evaluate_predict(trained, strips, tmp_path):
    detector = tmp_path / "detector.keras"
    detector.write_bytes((trained[1] / "detector.keras").read_bytes())
    good, out = strips / "test" / "good", tmp_path / "out"
    succeed("threshold", detector, "--data", good, "--method", "iqr")
    options = ["--data", strips, "--out", out, "--severities=1"]
    succeed("evaluate", detector, *options, "--sweep")
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["pixel_roc_auc"] > 0.5
    report = (out / "report.html").read_text()
    assert "--shape: 128 / 32" in report
    assert 'width="128" height="32"' in report
    assert len(list((out / "heatmaps").iterdir())) == 6
    photo = strips / "test" / "spot" / "0.png"
    line = succeed("predict", detector, photo, "--out", tmp_path / "o").stdout
    for region in json.loads(line)["regions"]:
        x, y, width, height = region["box"]
        assert x + width <= 256 and y + height <= 64
    with Image.open(json.loads(line)["overlay"]) as overlay:
        assert overlay.size == (256, 64)


@pytest.mark.filterwarnings("ignore")
def test_export(trained, tmp_path):
    """To one format; tests/test_export.py has images of other shapes in all."""
    import keras

    format = find_format("onnx")
    packages = format.needs[keras.backend.backend()]
    if not all(map(installed, (*packages, format.runtime))):
        pytest.skip("it cannot be exported here")
    detector = kerasad.load(trained[1] / "detector.keras")
    detector.score = "max"
    target = tmp_path / f"strip{format.suffix}"
    exported = export(detector, target, format.name, input_size=(64, 256))
    assert exported.difference <= 1e-3


@pytest.mark.parametrize("method", ["patch_memory", "feature_memory"])
def test_a_long_strip_loads_again(method, tmp_path):
    settings = ["image_size=[32,2048]", "memory_images=1"]
    if method == "feature_memory":
        settings += ["weights=random", "taps=[block_1]", "memory=global"]
    recipe = {"patch_memory": "memory", "feature_memory": "fast"}[method]
    config = load_config(recipe, settings)
    kind = find_method(method).from_settings(config.settings, config.sides, 8)
    Detector(kind, config.sides).save(tmp_path / "long.keras")
    assert kerasad.load(tmp_path / "long.keras").image_size == (32, 2048)


def test_the_same_config_however_a_square_is_written():
    one, other = (
        load_config("memory", [f"image_size={size}"])
        for size in ("64", "[64, 64]")
    )
    assert one == other and one.flat()["image_size"] == 64


@pytest.mark.parametrize(
    "size, message",
    [
        ("[64]", "must be a whole number, or a pair [height, width]"),
        ("[64,64,64]", "must be a whole number, or a pair [height, width]"),
        ("[64,4]", "must be one or more whole numbers in [8, 4096]"),
        ("[64,a]", "must be a whole number. Received: 'a'"),
        ("[64,64.5]", "must be a whole number. Received: 64.5"),
    ],
)
def test_what_is_no_size(size, message):
    with pytest.raises(InputError) as caught:
        load_config("memory", [f"image_size={size}"])
    assert message in str(caught.value)


def test_a_shape_is_kept_by_about_as_many_pixels():
    assert keeping_shape((64, 1024), (256, 256)) == (64, 1024)
    assert keeping_shape((3000, 4000), (256, 256)) == (224, 288)
    assert keeping_shape((10, 9000), (256, 256)) == (32, 4096)
    assert squash((64, 256), (32, 128)) == 1.0
    assert squash((64, 256), (256, 64)) == 16.0


@pytest.mark.parametrize("recipe", ["default", "best", "robust", "fast"])
@pytest.mark.parametrize("photo", [(64, 1024), (900, 200), (1, 99), (5, 8)])
def test_what_is_proposed_is_taken(recipe, photo):
    kept = keeping_shape(photo, load_config(recipe).sides)
    config = load_config(recipe, [f"image_size=[{kept[0]},{kept[1]}]"])
    assert config.sides == kept


def test_photos_that_are_squashed_are_told_of(strips, tmp_path):
    category = open_category(strips)
    told = (
        "photos of 256 x 64 (width x height) are squashed 4 times to 64 x 64; "
        "to keep their shape: --set image_size=[32,128]"
    )
    assert squashed(category.train, (64, 64)) == [told]
    assert squashed(category.train, SIDES) == []
    command = ["train", "--config=memory", "--set=threshold=n-sigma"]
    command += ["--set=validation_share=0.4", "--data", strips]
    small = ["--set=image_size=64", "--out", tmp_path]
    assert f"warning: {told}" in succeed(*command, *small).stderr
    checked = succeed("data", "check", strips).stderr
    assert "squashed 4 times to 256 x 256; to keep" in checked
    assert "--set image_size=[128,512]" in checked


def test_an_upright_photo_counts(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side in the file
    Image.new("L", (64, 256)).save(tmp_path / "0.png", exif=exif)
    (found,) = squashed(open_category(tmp_path).train, (64, 64))
    assert found.startswith("photos of 256 x 64")


@pytest.mark.parametrize("size", ["[32, 80]", "[64, 32]"])
@pytest.mark.parametrize("name", ["ssae", "model_one", "fused"])
def test_contract(name, size, tmp_path):
    keeps_contract(name, size, tmp_path)
