"""Maps of `predict --maps` against what the detector computes."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image

import kerasad
from tests.cli.conftest import run, succeed
from tests.runtime.conftest import made  # noqa: F401


@pytest.fixture
def benchmark(made, tmp_path):  # noqa: F811
    """Two photos as MVTec AD 2 has them, one of them larger."""
    folder = tmp_path / "ad2" / "can" / "test_private"
    folder.mkdir(parents=True)
    for index in (0, 3):
        photo = Image.open(made / "photos" / f"{index}.png")
        photo.save(folder / f"{index:03d}_regular.png")
    return folder


def predicted(made, folder, *options):  # noqa: F811
    result = succeed("predict", made / "detector.keras", folder, *options)
    return [json.loads(line) for line in result.stdout.splitlines()]


def maps_of(made, folder):  # noqa: F811
    detector = kerasad.load(made / "detector.keras")
    files = sorted(folder.iterdir())
    photos = [Image.open(file).convert("RGB") for file in files]
    fitting = [detector.fitting(photo) for photo in photos]
    maps = detector.predict(fitting)["anomaly_map"]
    return detector, [
        np.asarray(Image.fromarray(m).resize(p.size, Image.BILINEAR))
        for m, p in zip(maps, photos, strict=True)
    ]


def test_values(made, benchmark, tmp_path):  # noqa: F811
    lines = predicted(made, benchmark, "--maps", tmp_path / "maps")
    _, expected = maps_of(made, benchmark)
    for line, values in zip(lines, expected, strict=True):
        found = tifffile.imread(line["map"])
        assert found.dtype == "float16" and found.shape == values.shape
        np.testing.assert_allclose(found, values, rtol=2e-3, atol=1e-3)
    assert expected[1].shape == (50, 70)
    assert len({line["map"] for line in lines}) == 2


def test_greys(made, benchmark, tmp_path):  # noqa: F811
    lines = predicted(made, benchmark, "--maps", tmp_path / "maps",
                      "--map-format", "png")  # fmt: skip
    detector, expected = maps_of(made, benchmark)
    low, high = detector.calibration["map_range"]
    for line, values in zip(lines, expected, strict=True):
        found = np.asarray(Image.open(line["map"])).astype(float)
        wanted = 255 * np.clip((values - low) / (high - low), 0, 1)
        np.testing.assert_allclose(found, wanted, atol=1.5)


def test_what_the_server_takes(made, benchmark, tmp_path):  # noqa: F811
    upload = tmp_path / "upload"
    lines = predicted(made, benchmark, "--maps", upload, "--map-format",
                      "mvtec-ad-2")  # fmt: skip
    detector, expected = maps_of(made, benchmark)
    limit = detector.pixel_threshold["threshold"]
    found = {p.relative_to(upload).as_posix() for p in upload.rglob("*.*")}
    assert found == {
        f"{kind}/can/test_private/{name}_regular.{suffix}"
        for kind, suffix in [
            ("anomaly_images", "tiff"),
            ("anomaly_images_thresholded", "png"),
        ]
        for name in ("000", "003")
    }
    for line, values in zip(lines, expected, strict=True):
        mask = np.asarray(Image.open(line["mask"]))
        assert set(np.unique(mask)) <= {0, 255}
        clear = np.abs(values - limit) > 1e-2 * abs(limit)
        np.testing.assert_array_equal(mask[clear] > 0, values[clear] > limit)
    assert np.asarray(Image.open(lines[1]["mask"])).any()
    assert tifffile.imread(lines[0]["map"]).dtype == "float16"


def test_other_folders_are_refused(made, tmp_path):  # noqa: F811
    result = run("predict", made / "detector.keras", made / "photos", "--maps",
                 tmp_path / "upload", "--map-format", "mvtec-ad-2")  # fmt: skip
    assert result.exit_code == 2
    assert "0.png: is not in CATEGORY/test_SPLIT/" in result.stderr
    assert not (tmp_path / "upload").exists()
