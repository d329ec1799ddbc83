import json

import numpy as np
import pytest
from scipy import stats

from kerasad import calibration
from kerasad.errors import InputError


def test_n_sigma_by_hand():
    # Mean 5, population standard deviation 2.
    scores = [2, 4, 4, 4, 5, 5, 7, 9]
    assert calibration.n_sigma(scores, k=0.5) == 6.0


def test_the_papers_k_flags_half_of_the_normals(rng):
    scores = rng.normal(size=23)
    flagged = (scores > calibration.n_sigma(scores, k=0.0001)).mean()
    assert 0.3 < flagged < 0.7


def test_fpr_percentile_is_the_smallest_such_score(rng):
    for _ in range(200):
        scores = rng.integers(0, 6, size=rng.integers(1, 12)).astype(float)
        fpr = rng.choice([0.0, 0.1, 0.25, 0.5, 0.9])
        threshold = calibration.fpr_percentile(scores, fpr)
        fits = [s for s in scores if (scores > s).mean() <= fpr]
        assert threshold == min(fits)


def test_mad_matches_scipy(rng):
    scores = rng.normal(size=51)
    deviation = stats.median_abs_deviation(scores, scale="normal")
    expected = np.median(scores) + 3 * deviation
    assert calibration.mad(scores) == pytest.approx(expected, rel=1e-4)


def false_positive_rate(method, images, fpr, draws=2000, ties=False):
    """Mean rate over calibration sets, scores skewed as anomaly scores are."""
    rng = np.random.default_rng(0)
    scores = rng.gamma(2.0, size=(draws, images + 50))
    if ties:
        scores = np.round(scores)
    fitted = [method(row, fpr) for row in scores[:, :images]]
    return (scores[:, images:] > np.array(fitted)[:, None]).mean()


@pytest.mark.parametrize("images, fpr", [(22, 0.05), (22, 0.2), (99, 0.01)])
def test_the_conformal_promise_holds(images, fpr):
    exact = np.floor((images + 1) * fpr + 1e-9) / (images + 1)
    rate = false_positive_rate(calibration.conformal, images, fpr)
    # Four standard errors, the largest of the three rounded up.
    assert rate == pytest.approx(exact, abs=0.01)
    assert exact <= fpr


def test_the_conformal_promise_holds_with_ties():
    rate = false_positive_rate(calibration.conformal, 22, 0.2, ties=True)
    assert rate <= 0.2


def test_fpr_percentile_promises_nothing_for_new_images():
    rate = false_positive_rate(calibration.fpr_percentile, 22, 0.05)
    assert rate == pytest.approx(2 / 23, abs=0.01)  # not 0.05


def test_fpr_range_covers_what_one_calibration_set_gives(rng):
    low, high = calibration.fpr_range(22, 0.1)
    fitted = [calibration.conformal(row, 0.1) for row in rng.random((1000, 22))]
    rates = 1 - np.array(fitted)  # of uniform scores
    assert np.mean((low <= rates) & (rates <= high)) == pytest.approx(
        0.95, abs=0.03
    )


def test_conformal_says_what_the_images_allow():
    with pytest.raises(InputError) as error:
        calibration.conformal(np.arange(22.0), fpr=0.01)
    assert "1/23 = 0.04348" in str(error.value)
    assert "0.01 needs at least 99 images" in str(error.value)
    assert calibration.conformal(np.arange(99.0), fpr=0.01) == 98.0
    assert calibration.conformal(np.arange(22.0), fpr=1 / 23) == 21.0
    with pytest.raises(InputError, match="with any number of images"):
        calibration.conformal(np.arange(22.0), fpr=0.0)


def test_p_values_and_the_conformal_threshold_say_the_same(rng):
    known = rng.integers(0, 9, size=22)  # with ties
    scores = np.arange(-1, 10)
    for fpr in (1 / 23, 0.05, 0.1, 0.3, 0.5):
        flagged = scores > calibration.conformal(known, fpr)
        p = calibration.p_values(known, scores)
        np.testing.assert_array_equal(flagged, p <= fpr)


def test_p_value_of_a_broken_score_is_nan():
    assert np.isnan(calibration.p_values([0.1, 0.2], [np.nan])).all()


def test_cross_conformal_pools_and_wants_folds():
    pooled = calibration.cross_conformal_scores([[3.0], [1.0, 2.0]])
    assert calibration.conformal(pooled, 0.25) == 3.0
    with pytest.raises(InputError, match="at least 2 folds"):
        calibration.cross_conformal_scores([[1.0, 2.0]])


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_tail_of_an_exponential(rng, scale):
    scores = scale * stats.expon.ppf((np.arange(1000) + 0.5) / 1000)
    threshold = calibration.gpd_tail(scores, fpr=1e-4)
    assert threshold == pytest.approx(scale * np.log(1e4), rel=0.1)


def test_tail_needs_scores_and_a_tail():
    with pytest.raises(InputError, match="at least 100 normal images"):
        calibration.gpd_tail(np.arange(22.0))
    with pytest.raises(InputError, match="all equal"):
        calibration.gpd_tail(np.ones(200))
    with pytest.raises(InputError, match="Received: fpr=0.3"):
        calibration.gpd_tail(np.arange(200.0), fpr=0.3)


@pytest.mark.parametrize("method", calibration.METHODS)
def test_fit_by_name_goes_through_json(method, rng):
    fitted = calibration.fit_threshold(method, rng.random(120, "float32"))
    assert fitted["images"] == 120
    assert type(fitted["threshold"]) is float
    assert ("k" in fitted) != ("fpr" in fitted)
    assert json.loads(json.dumps(fitted)) == fitted


def test_guarantees(rng):
    scores = rng.random(22)

    def guarantee(method, **kwargs):
        return calibration.fit_threshold(method, scores, **kwargs)["promise"]

    assert guarantee("conformal") == (
        "at most 10 % of normal images are flagged, if they are exchangeable "
        "with the 22 calibration images"
    )
    for method in ("n-sigma", "iqr", "mad"):
        assert guarantee(method, k=2.0) == "no guaranteed rate"
    assert guarantee("fpr").startswith("no guaranteed rate: at most 5 % of the")
    scores = rng.random(100)
    assert guarantee("evt").startswith("extrapolation")


@pytest.mark.parametrize(
    "method, kwargs, text",
    [
        ("3-sigma", {}, "Choose one of: n-sigma, fpr"),
        ("conformal", {"k": 3}, "has no `k`, its parameter is `fpr`"),
        ("mad", {"fpr": 0.1}, "has no `fpr`, its parameter is `k`"),
        ("mad", {"k": float("nan")}, "Received: k=nan"),
        ("iqr", {"k": -1}, "Received: k=-1"),
        ("fpr", {"fpr": 5}, "Received: fpr=5"),
    ],
)
def test_refusals(method, kwargs, text):
    with pytest.raises(InputError, match=text):
        calibration.fit_threshold(method, [0.1, 0.2], **kwargs)


@pytest.mark.parametrize("method", calibration.METHODS)
def test_empty_or_broken_scores_are_refused(method):
    with pytest.raises(InputError, match="Received: none"):
        calibration.fit_threshold(method, [])
    with pytest.raises(InputError, match="2 of 3 are not"):
        calibration.fit_threshold(method, [0.1, np.nan, np.inf])


def test_pixel_threshold_counts_images(rng):
    maps = rng.random((39, 16, 16))
    fitted = calibration.pixel_threshold(maps.max(axis=(1, 2)))
    masks = maps > fitted["threshold"]
    assert masks.any((1, 2)).sum() == 3  # 4 of 40, one of them still to come
    assert "of normal images show any flagged pixel" in fitted["promise"]


def test_few_images_promise_the_least_that_they_can():
    fitted = calibration.fit_threshold("conformal", [0.1, 0.2, 0.3])
    assert (fitted["fpr"], fitted["threshold"]) == (0.25, 0.3)
    assert calibration.fit_threshold("conformal", np.arange(99.0))["fpr"] == 0.1
