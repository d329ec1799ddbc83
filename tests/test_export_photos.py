"""Exports agree with what people feed: photos, at their own size."""

import json
import zipfile

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from kerasad.calibration.pictures import decoded, encoded
from kerasad.cli.export import command
from kerasad.errors import InputError
from kerasad.export import FORMATS, export, find_format
from kerasad.export.photos import cv2, photo_size
from kerasad.loading import load
from kerasad.training.run import Run
from tests.small import SIZE, make_detector
from tests.test_export import possible_format, skip_unless_possible

pytestmark = pytest.mark.filterwarnings("ignore")  # of the runtimes
PHOTO = (96, 128)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of good photos with the grain of a sensor."""
    folder = tmp_path_factory.mktemp("photos")
    y, x = np.mgrid[: PHOTO[0], : PHOTO[1]]
    for number in range(16):
        rng = np.random.default_rng(number)
        grey = 120 + 60 * np.sin(x / 12) + 40 * (y > 48)
        grey = grey * rng.uniform(0.98, 1.02) + rng.normal(0, 12, PHOTO)
        image = np.clip(np.stack([grey] * 3, -1), 0, 255).astype("uint8")
        Image.fromarray(image).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def file(photos, tmp_path_factory):
    images = np.stack(
        [
            np.asarray(Image.open(path).resize((SIZE, SIZE), Image.BILINEAR))
            for path in sorted(photos.iterdir())
        ]
    )
    detector = make_detector("memory", 8, score="max")
    detector.method.fit(images[:8], None, Run(None))
    detector.fit_map_statistics(images[:8])
    detector.calibrate(images[8:], "conformal", fpr=0.2)
    detector.provenance = {"photo_size": list(PHOTO)}
    path = tmp_path_factory.mktemp("export") / "detector.keras"
    detector.save(path)
    return path


def test_held_out_images_travel_in_the_file(file):
    detector = load(file)
    texts = detector.calibration["images"]
    first, *others = decoded(texts, (SIZE, SIZE))
    assert len(others) == 2 and first.shape == (SIZE, SIZE, 3)
    score = detector.predict(first[None])["anomaly_score"][0]
    assert score == pytest.approx(detector.calibration["scores"][0], rel=1e-4)
    assert encoded([first], (SIZE, SIZE)) == texts[:1]
    for damaged in (["AAAA"], encoded([first], (SIZE, 8))):
        with pytest.raises(InputError, match="images in this detector are dam"):
            decoded(damaged, (SIZE, SIZE))


@pytest.mark.parametrize(
    "sides, expected",
    [
        ([96, 128], (96, 128)),
        (None, (SIZE, SIZE)),
        ([96], (SIZE, SIZE)),
        ([10**9, 10**9], (SIZE, SIZE)),
        (["96", "128"], (SIZE, SIZE)),
    ],
)
def test_the_size_of_the_training_photos(sides, expected):
    detector = make_detector("memory", provenance={"photo_size": sides})
    assert photo_size(detector) == expected


def test_cv2_leaves_pixels_out():
    image = np.zeros((4, 4, 3), "uint8")
    image[:, ::4] = 200  # between the pixels that are looked at
    assert cv2(image, (1, 1)).max() == 0
    np.testing.assert_array_equal(cv2(image, (4, 4)), image)
    rising = np.repeat(np.arange(4, dtype="uint8")[:, None, None], 3, 2) * 40
    # By hand: 0.25 and 0.75 of the neighbours, the border repeated.
    expected = [0, 10, 30, 50, 70, 90, 110, 120]
    assert cv2(rising, (8, 1))[:, 0, 0].tolist() == expected


@pytest.mark.parametrize("format", FORMATS)
def test_facts_travel_with_every_format(format, file, tmp_path):
    format = find_format(format)
    skip_unless_possible(format)
    detector, target = load(file), tmp_path / f"part{format.suffix}"
    exported = export(detector, target, format.name)
    assert exported.input_size == PHOTO
    assert exported.verified.photos.startswith("3 held-out training images")
    facts = READERS[format.name](target)
    threshold = detector.threshold["threshold"]
    assert facts["threshold"] == threshold
    assert facts["pixel_threshold"] == detector.pixel_threshold["threshold"]
    assert facts["promise"] == detector.threshold["promise"]
    assert facts["calibration_scores"] == detector.calibration["scores"]
    assert facts["map_range"] == detector.calibration["map_range"]
    assert facts["input_size"] == list(PHOTO)
    assert facts["versions"]["keras"] == keras.__version__


def read_onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(
        path, providers=["CPUExecutionProvider"]
    )
    found = session.get_modelmeta().custom_metadata_map
    return {name: json.loads(text) for name, text in found.items()}


def read_openvino(path):
    import openvino

    found = openvino.Core().read_model(path).get_rt_info("kerasad").value
    return {name: json.loads(text) for name, text in found.items()}


def read_litert(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("kerasad.json"))


def read_saved_model(path):
    return json.loads((path / "assets.extra" / "kerasad.json").read_text())


def read_torch(path):
    import torch

    files = {"kerasad.json": ""}
    torch.export.load(path, extra_files=files)
    return json.loads(files["kerasad.json"])


READERS = {
    "onnx": read_onnx,
    "openvino": read_openvino,
    "litert": read_litert,
    "tf_saved_model": read_saved_model,
    "torch": read_torch,
}


def test_photos_of_a_folder(file, photos, tmp_path):
    format = possible_format()
    target = tmp_path / f"part{format.suffix}"
    arguments = [file, "--format", format.name, "-o", target, "--data", photos]
    result = CliRunner().invoke(command, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    assert "images: uint8 (any, 96, 128, 3)\n" in result.stderr
    assert f"relative, on 6 photos of {photos}\n" in result.stderr

    size = ["--input-size", f"{SIZE}x{SIZE}"]
    result = CliRunner().invoke(command, [*map(str, arguments), *size])
    # The grain that cv2.resize leaves in is an anomaly; that of Pillow not.
    assert f"cv2.resize made {SIZE}x{SIZE} first" in result.stderr
    assert "6 of 6 decisions\n" in result.stderr
    assert "so feed photos as they are" in result.stderr


def test_photos_at_their_own_size_are_decided_alike(file, photos, tmp_path):
    format = possible_format()
    detector = load(file)
    own = export(detector, tmp_path / f"own{format.suffix}", format.name)
    assert own.input_size == PHOTO
    small = export(
        detector,
        tmp_path / f"small{format.suffix}",
        format.name,
        (SIZE, SIZE),
        data=photos,
    )
    changes = {change.by: change for change in small.verified.changes}
    assert changes["Pillow"].decisions == 0
    assert changes["Pillow"].score < 0.01 < changes["cv2.resize"].score
