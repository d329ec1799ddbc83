from types import SimpleNamespace

import numpy as np
import pytest

import kerasad
from kerasad.calibration import fit_threshold
from kerasad.calibration.cross import (
    fold_members,
    out_of_fold,
    pooled,
    without_guarantee,
)
from kerasad.capsules import write_category
from kerasad.config import load_config
from kerasad.errors import InputError
from kerasad.training.train import train
from tests.test_prediction import make_detector


def test_each_image_is_in_one_fold():
    folds = fold_members(219, 5, seed=1)
    assert sorted(map(len, folds)) == [43, 44, 44, 44, 44]
    assert sorted(np.concatenate(folds)) == list(range(219))
    again = fold_members(219, 5, seed=1)
    other = fold_members(219, 5, seed=2)
    assert all(map(np.array_equal, folds, again))
    assert not np.array_equal(folds[0], other[0])


@pytest.mark.parametrize("folds", [1, 7])
def test_impossible_folds_are_refused(folds):
    with pytest.raises(InputError, match="6 good images cannot be cut"):
        fold_members(6, folds, seed=0)


def test_no_image_is_scored_by_a_detector_that_saw_it():
    images = np.arange(10)
    spoken = []

    def fit(others):
        def calibration_of(fold, groups):
            assert not set(fold) & set(others)
            assert set(fold) | set(others) == set(images)
            scores = fold.tolist()
            return {
                "scores": scores,
                "map_maxima": scores,
                "map_range": [min(scores), 2 * max(scores)],
            }

        return SimpleNamespace(calibration_of=calibration_of)

    calibration = out_of_fold(images, 3, 0, fit, spoken.append)
    assert sorted(calibration["scores"]) == images.tolist()
    assert calibration["folds"] == 3
    assert spoken[0].startswith("fold 1 of 3: a detector from 6 images")


def test_one_pool_spans_the_colours_of_all():
    one = {"scores": [1.0], "map_maxima": [4.0], "map_range": [0.0, 8.0]}
    other = {"scores": [2.0], "map_maxima": [6.0], "map_range": [1.0, 11.0]}
    assert pooled([one, other]) == {
        "scores": [1.0, 2.0],
        "map_maxima": [4.0, 6.0],
        # From the median low to twice the range of nine in ten.
        "map_range": [0.5, pytest.approx(0.5 + 2 * (5.8 - 0.5))],
        "folds": 2,
    }


def test_pooled_scores_hold_the_wished_rate():
    """Fold detectors that differ a little, as trained ones do."""
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(300):
        scales = 1 + 0.05 * rng.normal(size=5)
        folds = [scale * rng.gamma(5.0, size=44) for scale in scales]
        fitted = fit_threshold("conformal", np.concatenate(folds), fpr=0.05)
        rates.append(np.mean(rng.gamma(5.0, size=2000) > fitted["threshold"]))
    assert np.mean(rates) == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize(
    "method, said",
    [
        ("conformal", "no guaranteed rate: about 10 % of normal images are "
         "flagged, if they are exchangeable with the 120 calibration images, "
         "and leaving out one of 5 folds barely changes scores"),
        ("n-sigma", "no guaranteed rate"),
        ("evt", "extrapolation: about 10 % of normal images are flagged, if "
         "the tail of the 120 calibration scores goes on as it begins, and "
         "leaving out one of 5 folds barely changes scores"),
    ],
)  # fmt: skip
def test_nothing_is_guaranteed_out_of_fold(method, said, rng):
    fpr = None if method == "n-sigma" else 0.1
    fitted = fit_threshold(method, rng.gamma(5.0, size=120), fpr=fpr)
    calibration = {"folds": 5}
    assert without_guarantee(fitted, calibration) == fitted | {"promise": said}
    assert without_guarantee(fitted, {}) == fitted


def test_a_detector_keeps_its_folds(rng, tmp_path):
    images = rng.integers(90, 120, (9, 32, 32, 3)).astype("uint8")
    detector = make_detector()
    detector.calibration = out_of_fold(images, 3, 0, lambda _: detector)
    detector.set_threshold("conformal", fpr=0.1)  # 3 images allow 0.25
    assert "one of 3 folds" in detector.threshold["promise"]
    assert "any flagged pixel" in detector.pixel_threshold["promise"]
    detector.save(tmp_path / "detector.keras")
    revived = kerasad.load(tmp_path / "detector.keras")
    assert revived.calibration == detector.calibration
    revived.set_threshold("conformal", fpr=0.2)
    assert "one of 3 folds" in revived.threshold["promise"]
    revived.calibrate(images, "conformal", fpr=0.2)  # on images held out
    assert revived.threshold["promise"].startswith("at most 20 %")


# Model II at its least: three trainings in seconds.
TINY = {
    "image_size": 32,
    "filters": "[8]",
    "blocks": 1,
    "crop": 0,
    "head": False,
    "context": False,
    "method": "ssae",
    "anomaly_map": "squared-error",
    "epochs": 1,
    "batch_size": 4,
    "validation_share": 0.4,
    "precision": "float32",
    "calibration": "cross",
    "folds": 2,
    "threshold": "conformal",
}


@pytest.fixture
def category(tmp_path):
    return write_category(
        tmp_path / "capsules", size=64, train=10, good=1, defects={"crack": 1}
    )


def test_cross_calibrated_training(category, tmp_path):
    out = tmp_path / "run"
    # Of 4 images held out only 1/5 could be guaranteed.
    settings = TINY | {"fpr": 0.1}
    settings = [f"{key}={value}" for key, value in settings.items()]
    spoken = []
    result = train(
        load_config("default", settings), category, out, say=spoken.append
    )
    assert {path.name for path in out.iterdir()} == {
        "config.yaml", "curves.png", "detector.keras", "history.csv",
    }  # fmt: skip
    fitted = kerasad.load(out / "detector.keras")
    scores = fitted.calibration["scores"]
    assert len(scores) == 10 and fitted.calibration["folds"] == 2
    assert fitted.threshold["threshold"] == max(scores)
    assert fitted.threshold == result.detector.threshold
    assert result.train_images == 6 and result.facts["steps"] == 2
    assert len([text for text in spoken if text.startswith("fold")]) == 2


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"folds": 11}, "10 good images cannot be cut into 11 folds"),
        ({"folds": 2, "fpr": 0.01}, "needs at least 99 images"),
        ({"validation_share": 0.05}, "are too few"),
    ],
)
def test_refusals_before_any_work(settings, message, category, tmp_path):
    settings = TINY | settings
    settings = [f"{key}={value}" for key, value in settings.items()]
    with pytest.raises(InputError, match=message):
        train(load_config("default", settings), category, tmp_path / "run")
    assert not (tmp_path / "run").exists()
