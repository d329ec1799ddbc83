import json
import zipfile

import keras
import numpy as np
import pytest

import kerasad
from kerasad import calibration
from kerasad.backend import BACKENDS, installed
from kerasad.errors import InputError
from kerasad.layers import Resize
from kerasad.methods.fused import FusedMethod
from tests.processes import predicted_on
from tests.small import MAPS, SIZE, make_detector


@pytest.fixture
def normals(rng):
    base = rng.uniform(80, 180, (SIZE, SIZE, 3))
    noise = rng.normal(0, 4, (12, SIZE, SIZE, 3))
    return np.clip(base + noise, 0, 255).astype("uint8")


@pytest.fixture
def calibrated(normals):
    detector = make_detector(provenance={"seed": 7})
    detector.fit_map_statistics(normals[:8])
    detector.calibrate(normals[8:], "n-sigma", k=2.0)
    return detector


def test_predict_gives_the_fields_names(normals):
    result = make_detector().predict(normals, batch_size=5)
    shapes = {name: value.shape for name, value in result.items()}
    assert shapes == {
        "anomaly_map": (12, SIZE, SIZE),
        "anomaly_score": (12,),
        "is_anomalous": (12,),
        "reconstruction": (12, SIZE, SIZE, 3),
    }
    assert result["is_anomalous"].dtype == bool
    assert not result["is_anomalous"].any()  # no threshold, no alarm


@pytest.mark.parametrize("anomaly_map", MAPS)
def test_batches_do_not_change_scores(anomaly_map, normals):
    detector = make_detector(anomaly_map)
    whole = detector.predict(normals)["anomaly_score"]
    single = [detector.predict(n[None])["anomaly_score"][0] for n in normals]
    np.testing.assert_allclose(single, whole, rtol=1e-4, atol=1e-7)


def test_what_counts_both_ways_is_a_distance_from_the_mean(normals):
    detector, both = make_detector("gradient"), make_detector("gradient")
    detector.fit_map_statistics(normals[:8])
    both.set_weights(detector.get_weights())
    both.method.two_sided = (True,)
    one_sided = detector.predict(normals)["anomaly_map"]
    found = both.predict(normals)["anomaly_map"]
    assert (one_sided < 0).any()
    np.testing.assert_allclose(found, np.abs(one_sided), atol=1e-4)
    fused = FusedMethod([both.method, detector.method])
    assert fused.two_sided == (True, False)


def test_a_raw_map_forgets_the_place_and_leaves_the_score(normals, tmp_path):
    by_place, raw = make_detector(), make_detector(localise="raw")
    by_place.fit_map_statistics(normals[:8])
    raw.set_weights(by_place.get_weights())
    expected, found = by_place.predict(normals), raw.predict(normals)
    np.testing.assert_allclose(
        found["anomaly_score"], expected["anomaly_score"], rtol=1e-5
    )
    images = normals.astype("float32") / 255.0
    maps = raw.filtered(raw.method(images)["maps"])
    spreads = keras.ops.convert_to_numpy(raw.map_scale).mean(axis=(1, 2))
    maps = [keras.ops.convert_to_numpy(one) for one in maps]
    np.testing.assert_allclose(
        found["anomaly_map"],
        sum(one / s for one, s in zip(maps, spreads, strict=True)),
        rtol=1e-4,
        atol=1e-4,
    )
    raw.save(tmp_path / "raw.keras")
    assert kerasad.load(tmp_path / "raw.keras").localise == "raw"


def test_images_of_any_size_and_kind(normals, rng):
    detector = make_detector()
    large = rng.integers(0, 256, (50, 70, 3), dtype="uint8")
    result = detector.predict([normals[0], large, normals[1] / 255.0])
    resized = Resize((SIZE, SIZE))(large[None].astype("float32"))
    resized = keras.ops.convert_to_numpy(resized)[0] / 255.0
    expected = detector.predict([normals[0], resized, normals[1]])
    for name in ("anomaly_score", "anomaly_map"):
        np.testing.assert_allclose(
            result[name], expected[name], rtol=1e-3, atol=1e-5
        )


def test_one_file_holds_everything(calibrated, normals, tmp_path):
    path = tmp_path / "detector.keras"
    calibrated.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["detector.keras"]
    revived = keras.saving.load_model(path)
    assert type(revived) is kerasad.Detector
    assert revived.threshold == calibrated.threshold
    assert revived.pixel_threshold == calibrated.pixel_threshold
    assert revived.calibration == calibrated.calibration
    assert revived.provenance == {"seed": 7}
    for name, value in calibrated.predict(normals).items():
        np.testing.assert_allclose(
            revived.predict(normals)[name], value, rtol=1e-4, atol=1e-4
        )
    config = json.loads(zipfile.ZipFile(path).read("config.json"))
    assert (
        config["config"]["threshold"]["threshold"]
        == calibrated.threshold["threshold"]
    )


def test_flagged_is_strictly_above(calibrated, normals):
    scores = calibrated.predict(normals)["anomaly_score"]
    calibrated.threshold = {"threshold": float(np.sort(scores)[-2])}
    assert calibrated.predict(normals)["is_anomalous"].sum() == 1


def test_threshold_can_be_set_anew(calibrated):
    scores = calibrated.calibration["scores"]
    assert len(scores) == 4
    calibrated.set_threshold("n-sigma", k=0.0)
    assert calibrated.threshold["threshold"] == pytest.approx(np.mean(scores))


def test_the_pixel_threshold_is_fitted_alike(calibrated):
    maxima = calibrated.calibration["map_maxima"]
    calibrated.set_threshold("fpr", fpr=0.25)
    assert calibrated.pixel_threshold["threshold"] == sorted(maxima)[-2]
    assert calibrated.pixel_threshold == calibration.pixel_threshold(
        maxima, "fpr", fpr=0.25
    )
    before = calibrated.threshold, calibrated.pixel_threshold
    with pytest.raises(InputError, match="needs at least 99 images"):
        calibrated.set_threshold("conformal", fpr=0.01)
    assert (calibrated.threshold, calibrated.pixel_threshold) == before


def test_map_statistics_match_numpy(normals):
    detector = make_detector("squared-error")
    maps = detector.predict(normals)["anomaly_map"].astype("float64")
    detector.fit_map_statistics(normals, batch_size=5)
    spread = maps.std(axis=0)
    expected = (maps - maps.mean(axis=0)) / (spread + spread.mean())
    after = detector.predict(normals)["anomaly_map"]
    np.testing.assert_allclose(after, expected, rtol=1e-3, atol=1e-3)


def test_images_of_one_size_after_another(normals):
    detector = make_detector()
    expected = detector.predict(normals[:2])["anomaly_score"]
    twice = normals[:2].repeat(2, axis=1).repeat(2, axis=2)  # in pixels
    for _ in range(2):
        scores = detector.predict(twice)["anomaly_score"]
        assert scores.shape == (2,) and np.isfinite(scores).all()
    again = detector.predict(normals[:2])["anomaly_score"]
    np.testing.assert_allclose(again, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "image, message",
    [
        (np.zeros((4, 4), "uint8"), "shape=(4, 4)"),
        (np.zeros((4, 4, 4), "uint8"), "shape=(4, 4, 4)"),
        (np.full((4, 4, 3), 255.0), "must lie in [0, 1]; pass uint8"),
        (np.full((4, 4, 3), np.nan), "must lie in [0, 1]; pass uint8"),
        (np.zeros((4, 4, 3), "int64"), "dtype=int64"),
    ],
)
def test_bad_images_are_refused(image, message):
    with pytest.raises(InputError) as caught:
        make_detector().predict([image])
    assert message in str(caught.value)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "detector.keras"
    with pytest.raises(InputError, match="no such file"):
        kerasad.load(path)
    path.write_bytes(b"PK")
    with pytest.raises(InputError, match="not a .keras file or cut short"):
        kerasad.load(path)
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    with pytest.raises(InputError, match="holds a Sequential, not a kerasad"):
        kerasad.load(path)


@pytest.mark.parametrize("other", BACKENDS)
def test_the_same_scores_on_every_backend(other, calibrated, normals, tmp_path):
    if not installed(other):
        pytest.skip(f"{other} is not installed")
    # The first that is installed, with each of the others, once.
    if keras.backend.backend() != next(filter(installed, BACKENDS)):
        pytest.skip("compared on another backend")
    if other == keras.backend.backend():
        pytest.skip("compares with the other backends")
    ours = calibrated.predict(normals)
    theirs = predicted_on(other, calibrated, normals, tmp_path)
    np.testing.assert_allclose(
        theirs["anomaly_score"], ours["anomaly_score"], rtol=1e-4
    )
    np.testing.assert_array_equal(theirs["is_anomalous"], ours["is_anomalous"])
