import json
import os

import keras
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from kerasad.calibration import p_values
from kerasad.data.images import read_image
from kerasad.errors import InputError
from kerasad.prediction import image_paths, predict_files
from kerasad.regions import defect_regions
from tests.small import plain_detector

SIZE = 32


def make_detector():
    """What a blur cannot reconstruct is anomalous: quick to compile."""
    images = keras.Input((SIZE, SIZE, 3))
    blurred = keras.layers.AveragePooling2D(9, 1, "same")(images)
    return plain_detector(keras.Model(images, blurred), sigma=1.0)


@pytest.fixture
def detector(rng):
    normals = rng.integers(90, 120, (12, SIZE, SIZE, 3)).astype("uint8")
    detector = make_detector()
    detector.calibrate(normals, "n-sigma", k=3.0)
    return detector


@pytest.fixture
def photos(tmp_path, rng):
    """Five photographs of 80 by 48 pixels, 000.png to 004.png."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(5):
        pixels = rng.integers(90, 120, (48, 80, 3)).astype("uint8")
        if index == 3:
            pixels[30:42, 10:30] = 255
        Image.fromarray(pixels).save(folder / f"{index:03d}.png")
    return folder


def test_lines_say_what_the_detector_says(detector, photos):
    files = list(image_paths([photos]))
    lines = list(predict_files(detector, files, batch_size=2))
    assert [line["path"] for line in lines] == [str(file) for file in files]
    expected = detector.predict([read_image(file, SIZE) for file in files])
    scores = expected["anomaly_score"]
    np.testing.assert_allclose(
        [line["anomaly_score"] for line in lines], scores, rtol=1e-4
    )
    chances = p_values(detector.calibration["scores"], scores)
    for line, flagged, chance in zip(
        lines, expected["is_anomalous"], chances, strict=True
    ):
        assert json.loads(json.dumps(line)) == line
        assert set(line) == {
            "path", "anomaly_score", "p_value", "is_anomalous", "threshold",
            "regions",
        }  # fmt: skip
        assert line["is_anomalous"] == flagged
        assert line["p_value"] == pytest.approx(chance)


def test_a_region_is_found_where_it_was_painted(detector, photos):
    lines = list(predict_files(detector, [photos / "003.png"]))
    x, y, width, height = lines[0]["regions"][0]["box"]
    # Painted at [10, 30, 20, 12]; the filter of the map widens it.
    assert 0 <= x <= 10 and 30 <= x + width <= 45
    assert 20 <= y <= 30 and 42 <= y + height <= 48
    assert lines[0]["regions"][0]["area"] <= width * height
    # The score is the greatest value of the map.
    assert lines[0]["regions"][0]["peak"] == pytest.approx(
        lines[0]["anomaly_score"]
    )


def test_regions_against_a_mask_of_the_original_size(rng):
    anomaly_map = ndimage.gaussian_filter(rng.normal(size=(16, 16)), 1.5)
    # By whole factors, so the enlarged mask is exact.
    mask = np.repeat(np.repeat(anomaly_map > 0.1, 3, axis=0), 5, axis=1)
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    regions = defect_regions(anomaly_map, 0.1, mask.shape)
    assert len(regions) == count > 1
    found = {(*r["box"], r["area"]) for r in regions}
    expected = set()
    for number, (y, x) in enumerate(ndimage.find_objects(labels), start=1):
        sides = x.stop - x.start, y.stop - y.start
        area = int((labels == number).sum())
        expected.add((x.start, y.start, *sides, area))
    assert found == expected
    peaks = [region["peak"] for region in regions]
    assert peaks == sorted(peaks, reverse=True)
    assert peaks[0] == anomaly_map.max()


def test_regions_at_the_edge_cases():
    corner = np.eye(2, dtype="float32")  # touches at a corner: one region
    assert len(defect_regions(corner, 0.5, (2, 2))) == 1
    assert defect_regions(corner, 1.0, (2, 2)) == []  # strictly above
    small = np.zeros((9, 9))
    small[4, 4] = 1.0  # a third of a pixel of the image
    assert defect_regions(small, 0.5, (3, 3)) == [
        {"box": [1, 1, 1, 1], "area": 1, "peak": 1.0}
    ]


def test_a_bad_file_does_not_stop_the_rest(detector, photos, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"nothing")
    empty = tmp_path / "empty"
    empty.mkdir()
    arguments = [empty, broken, photos / "000.png", "nowhere/*.png", photos]
    lines = list(predict_files(detector, image_paths(arguments), 3))
    errors = [line["error"] for line in lines if "error" in line]
    assert len(lines) == 9 and len(errors) == 3
    assert "no readable image files in this folder" in errors[0]
    assert "not a readable image" in errors[1]
    assert errors[2] == "nowhere/*.png: no image matches"
    one, again = lines[2], lines[4]
    assert one["path"] == again["path"]
    assert one["anomaly_score"] == pytest.approx(
        again["anomaly_score"], rel=1e-4
    )


def test_files_are_read_as_needed(detector, photos):
    taken = []

    def endless():
        while True:
            taken.append(photos / "000.png")
            yield taken[-1]

    lines = predict_files(detector, endless(), batch_size=2)
    assert [next(lines)["is_anomalous"] for _ in range(5)]
    assert len(taken) == 6


def test_overlays_of_equal_names_do_not_collide(detector, photos, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    Image.open(photos / "003.png").rotate(180).save(other / "000.png")
    files = [photos / "000.png", other / "000.png"]
    lines = list(predict_files(detector, files, out=tmp_path / "a" / "b"))
    first, second = (read_image(line["overlay"]) for line in lines)
    assert first.shape == (48, 80, 3)  # of the photograph, not the network
    assert not np.array_equal(first, second)
    again = predict_files(detector, files, out=tmp_path / "a" / "b")
    assert [line["overlay"] for line in again] == [
        line["overlay"] for line in lines
    ]
    assert len(os.listdir(tmp_path / "a" / "b")) == 2


def test_paths_of_all_kinds(photos, monkeypatch):
    monkeypatch.chdir(photos.parent)
    (photos / "notes.txt").write_text("no image")
    (photos / "[odd].png").write_bytes(b"")
    deep = photos / "deep"
    deep.mkdir()
    (deep / "005.PNG").write_bytes(b"")
    stdin = [b"photos/001.png\r\n", b"\n", b"photos/deep\n", b"caf\xe9.png"]

    def names(*arguments):
        return [path.name for path in image_paths(arguments, iter(stdin))]

    numbers = [f"{index:03d}.png" for index in range(5)]
    assert names("photos") == [*numbers, "[odd].png", "005.PNG"]
    assert names("photos/00[12].*") == numbers[1:3]
    assert names("**/*.[pP]*") == [*numbers, "[odd].png", "005.PNG"]
    assert names("photos/[odd].png") == ["[odd].png"]
    assert names("photos/*.txt") == ["*.txt"]
    assert names("-", "photos/000.png") == [
        "001.png", "005.PNG", os.fsdecode(b"caf\xe9.png"), "000.png",
    ]  # fmt: skip


def test_without_thresholds(detector, photos):
    detector.pixel_threshold = None  # as of a file of an earlier version
    (line,) = predict_files(detector, [photos / "000.png"])
    assert line["regions"] is None
    detector.threshold = None
    with pytest.raises(InputError, match="fit one with `kerasad threshold`"):
        next(predict_files(detector, [photos / "000.png"]))


def test_each_page_is_judged_a_few_at_a_time(detector, photos, tmp_path):
    pages = [Image.open(photos / f"{index:03d}.png") for index in range(5)]
    stack = tmp_path / "stack.tif"
    pages[0].save(stack, save_all=True, append_images=pages[1:])
    lines = list(predict_files(detector, [stack], 2, tmp_path / "out"))
    assert [line["page"] for line in lines] == [0, 1, 2, 3, 4]
    assert len({line["overlay"] for line in lines}) == 5
    expected = predict_files(detector, image_paths([photos]), 2)
    for line, alone in zip(lines, expected, strict=True):
        assert "page" not in alone
        assert line["anomaly_score"] == pytest.approx(
            alone["anomaly_score"], rel=1e-4
        )


def test_what_is_left_out_is_named(photos):
    for name in ("deep/raw.cr2", "notes.txt", ".hidden.cr2"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_bytes(b"?")
    for argument in (photos, f"{photos}/**/*"):
        left_out = []
        assert len(list(image_paths([argument], left_out=left_out))) == 5
        assert [path.name for path in left_out] == ["raw.cr2"]
