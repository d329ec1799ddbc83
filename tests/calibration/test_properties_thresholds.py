"""Properties of the thresholds: order, scale and finiteness."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kerasad.calibration import METHODS, conformal, fit_threshold, p_values
from kerasad.errors import InputError

QUICK = settings(max_examples=40, deadline=None, derandomize=True)
values = st.floats(-1e6, 1e6, width=32)
scores = arrays("float64", st.integers(4, 60), elements=values)
many = arrays("float64", st.integers(100, 150), elements=values)
WITH_K = ("n-sigma", "iqr", "mad")
WITH_FPR = ("fpr", "conformal", "evt")
seeds = st.integers(0, 2**32 - 1)


def threshold(method, scores, value):
    name = "k" if method in WITH_K else "fpr"
    return fit_threshold(method, scores, **{name: value})["threshold"]


def parameters(method):
    """Two of its parameter, in the order of their thresholds."""
    if method in WITH_K:
        return st.tuples(st.floats(0, 10), st.floats(0, 10)).map(sorted)
    least, most = (1e-4, 0.19) if method == "evt" else (0.21, 0.9)
    pair = st.tuples(st.floats(least, most), st.floats(least, most))
    return pair.map(lambda both: sorted(both, reverse=True))


@pytest.mark.parametrize("method", METHODS)
@QUICK
@given(st.data())
def test_order_scale_and_finiteness(method, data):
    drawn = data.draw(many if method == "evt" else scores)
    low, high = data.draw(parameters(method))
    try:
        first = threshold(method, drawn, low)
    except InputError as error:  # equal scores have no tail
        assert method == "evt" and "no tail to fit" in str(error)
        return
    assert np.isfinite(first)
    spread = np.abs(drawn).max() + 1e-9
    assert first <= threshold(method, drawn, high) + 1e-6 * spread
    shuffled = np.random.default_rng(0).permutation(drawn)
    assert threshold(method, shuffled, low) == pytest.approx(
        first, rel=1e-9, abs=1e-9 * spread
    )
    # A power of two scales floats exactly.
    assert threshold(method, 8 * drawn, low) == pytest.approx(
        8 * first, rel=1e-6, abs=1e-6 * spread
    )
    if method != "evt":
        assert threshold(method, drawn + 1000, low) == pytest.approx(
            first + 1000, abs=1e-6 * (spread + 1000)
        )


@QUICK
@given(scores, st.floats(0.2, 0.9))
def test_conformal_is_a_score_and_keeps_its_share(drawn, fpr):
    limit = conformal(drawn, fpr)
    assert limit in drawn
    assert np.mean(drawn > limit) <= fpr
    flagged = p_values(drawn, drawn) <= fpr
    np.testing.assert_array_equal(flagged & (drawn > limit), drawn > limit)


@QUICK
@given(scores, scores)
def test_p_values_fall_as_scores_rise(calibration, new):
    chances = p_values(calibration, np.sort(new))
    assert (np.diff(chances) <= 0).all()
    assert (chances > 0).all() and (chances <= 1).all()
    order = np.random.default_rng(1).permutation(calibration)
    np.testing.assert_array_equal(p_values(order, np.sort(new)), chances)


@QUICK
@given(scores, st.sampled_from([np.nan, np.inf, -np.inf]), st.data())
def test_one_bad_score_is_refused_by_each_method(drawn, bad, data):
    drawn[data.draw(st.integers(0, len(drawn) - 1))] = bad
    for method in METHODS:
        with pytest.raises(InputError, match="must be finite"):
            fit_threshold(method, drawn)
