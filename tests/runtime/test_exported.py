"""What an export says beside what its detector says."""

import json
import shutil

import numpy as np
import pytest

import kerasad.runtime
from kerasad.errors import InputError
from kerasad.export import export
from kerasad.loading import load
from kerasad.prediction import image_paths, predict_files
from tests.cli.conftest import run

pytestmark = pytest.mark.filterwarnings("ignore")  # of the runtimes
EXACT = ("path", "page", "error", "threshold", "is_anomalous", "p_value")


def check_lines(received, expected, rel=1e-4):
    """The same keys, decisions and regions; scores but for rounding."""
    assert len(received) == len(expected)
    for ours, theirs in zip(received, expected, strict=True):
        assert list(ours) == list(theirs)
        for key in EXACT:
            assert ours.get(key) == theirs.get(key)
        if "error" in ours:
            continue
        score = pytest.approx(theirs["anomaly_score"], rel=rel)
        assert ours["anomaly_score"] == score
        assert len(ours["regions"]) == len(theirs["regions"])
        for one, other in zip(ours["regions"], theirs["regions"], strict=True):
            assert one["box"] == other["box"]
            assert one["area"] == other["area"]
            assert one["peak"] == pytest.approx(other["peak"], rel=rel)


def test_the_same_lines_as_the_detector(artefact, made):
    detector = load(made / "detector.keras")
    photos = image_paths([made / "photos"])
    expected = list(predict_files(detector, photos))
    small = kerasad.runtime.load(artefact, threads=1)
    received = list(small.predict_files([made / "photos"]))
    check_lines(received, expected)
    flagged = [line["is_anomalous"] for line in received if "path" in line
               and "error" not in line]  # fmt: skip
    assert {False, True} == set(flagged)
    assert any(line.get("regions") for line in received)


def test_arrays_and_maps(artefact, made, rng):
    detector = load(made / "detector.keras")
    images = rng.integers(0, 256, (3, 32, 32, 3), dtype="uint8")
    expected = detector.predict(images)
    received = kerasad.runtime.load(artefact).predict(images, batch_size=2)
    assert set(received) == set(expected)
    for name, value in received.items():
        assert value.dtype == expected[name].dtype
        np.testing.assert_allclose(value, expected[name], rtol=1e-3, atol=1e-3)


def test_what_travels_along(artefact, made):
    detector = load(made / "detector.keras")
    small = kerasad.runtime.load(artefact)
    assert small.threshold == detector.threshold
    assert small.pixel_threshold == detector.pixel_threshold
    assert "at most" in small.threshold["promise"]
    assert small.facts["provenance"]["recipe"] == "small"
    assert small.facts["preprocessing"]["scale"] == "1/255"
    assert small.calibration["map_range"] == detector.calibration["map_range"]


def test_the_command_takes_either_file(onnx_file, made, tmp_path):
    lines = [
        run("predict", file, made / "photos" / "2.png", "--out", tmp_path)
        for file in (onnx_file, made / "detector.keras")
    ]
    assert [result.exit_code for result in lines] == [0, 0]
    first, second = (json.loads(result.stdout) for result in lines)
    check_lines([first], [second])
    assert first["overlay"] == second["overlay"]


def test_a_photo_of_another_size_is_not_resized_twice(made, tmp_path):
    if "part.onnx" not in {path.name for path in made.iterdir()}:
        pytest.skip("this backend exports no onnx here")
    wide = tmp_path / "wide.onnx"
    export(load(made / "detector.keras"), wide, "onnx", input_size=(50, 70))
    lines = list(kerasad.runtime.load(wide).predict_files([made / "photos"]))
    assert lines[0]["error"].endswith(
        "0.png: is 32x32 pixels; this model was exported for 50x70. Export it "
        "with --input-size 32x32 for such photos, or with --input-size 32x32 "
        "for any"
    )
    detector = load(made / "detector.keras")
    files = [made / "photos" / "1.png", made / "photos" / "3.png"]
    received = [line for line in lines if "error" not in line]
    # Resized in the graph, some pixels round to the next grey value.
    check_lines(received, list(predict_files(detector, files)), rel=1e-3)


def test_other_files_are_refused(made, tmp_path, onnx_file):
    import onnx

    foreign = tmp_path / "foreign.onnx"
    model = onnx.load(onnx_file)
    del model.metadata_props[:]
    onnx.save(model, foreign)
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"nothing")
    shutil.copy(made / "detector.keras", tmp_path / "detector.h5")
    for name, message in {
        "foreign.onnx": "its metadata lack threshold, input_size, map_size, "
        "map_range: not a detector that `kerasad export` wrote",
        "broken.onnx": "cannot be loaded: .*export it anew",
        "none.onnx": "no such file",
        "detector.h5": "expected an exported detector that ends in .onnx or",
    }.items():
        with pytest.raises(InputError, match=f"{name}: {message}"):
            kerasad.runtime.load(tmp_path / name)
    result = run("predict", broken, made / "photos")
    assert result.exit_code == 2 and result.stdout == ""
    assert f"Error: {broken}: cannot be loaded" in result.stderr


def test_bad_arrays_are_refused(onnx_file):
    small = kerasad.runtime.load(onnx_file)
    with pytest.raises(InputError, match="received none"):
        small.predict([])
    with pytest.raises(InputError, match="Received: float64 of shape"):
        small.predict(np.zeros((1, 32, 32, 3)))
