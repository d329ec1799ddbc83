"""Properties of the metrics, and the same numbers from scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from kerasad import metrics

QUICK = settings(max_examples=40, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)
pairs = st.lists(
    st.tuples(st.booleans(), st.integers(-50, 50)), min_size=1, max_size=60
)


def split(pairs):
    labels = np.array([label for label, _ in pairs])
    return labels, np.array([score for _, score in pairs], "float64")


@QUICK
@given(pairs)
def test_image_metrics(pairs):
    labels, scores = split(pairs)
    auc = metrics.roc_auc(labels, scores)
    ap = metrics.average_precision(labels, scores)
    best, limit = metrics.f1_max(labels, scores)
    floor = metrics.f1_floor(labels)
    both = labels.any() and not labels.all()
    assert (auc is None) == (ap is None) == (not both)
    assert (best is None) == (floor is None) == (not labels.any())
    if best is not None:
        assert 0 < floor <= best <= 1
        assert metrics.confusion(labels, scores > limit)["f1"] == best
        for value in np.unique(scores):
            reached = metrics.confusion(labels, scores > value)["f1"]
            assert reached <= best + 1e-12
    if not both:
        return
    assert auc == pytest.approx(reference.roc_auc_score(labels, scores))
    assert ap == pytest.approx(
        reference.average_precision_score(labels, scores)
    )
    # A rising function of the scores changes nothing; a falling one turns it.
    assert metrics.roc_auc(labels, np.exp(scores / 10) + 3) == auc
    assert metrics.average_precision(labels, scores**3) == ap
    assert metrics.roc_auc(labels, -scores) == pytest.approx(1 - auc)
    assert metrics.roc_auc(~labels, scores) == pytest.approx(1 - auc)


@QUICK
@given(pairs, st.integers(-60, 60))
def test_rates_of_a_decision(pairs, limit):
    labels, scores = split(pairs)
    counts = metrics.confusion(labels, scores > limit)
    cells = [counts[name] for name in ("tp", "tn", "fp", "fn")]
    assert sum(cells) == len(labels)
    for name in ("accuracy", "precision", "recall", "f1", "fpr"):
        assert counts[name] is None or 0 <= counts[name] <= 1
    assert (counts["recall"] is None) == (not labels.any())
    assert (counts["fpr"] is None) == labels.all()


def maps_of(seed, images, height, width, levels):
    """Maps with ties, higher on the defects of about half of the images."""
    rng = np.random.default_rng(seed)
    masks = rng.random((images, height, width)) < rng.random()
    masks &= (rng.random(images) < 0.5)[:, None, None]
    maps = rng.integers(0, levels, masks.shape) + masks * rng.integers(levels)
    return masks, maps.astype("float32")


@QUICK
@given(
    seeds,
    st.integers(1, 5),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(1, 30),
)
def test_pixel_metrics(seed, images, height, width, levels):
    masks, maps = maps_of(seed, images, height, width, levels)
    measured = metrics.pixel_metrics(masks, maps)
    both = masks.any() and not masks.all()
    for name in ("pixel_roc_auc", "pixel_ap", "aupro"):
        assert (measured[name] is None) == (not both)
    normal = ~masks.any((1, 2))
    assert (measured["aupimo"] is None) == (normal.all() or not normal.any())
    for value in measured.values():
        assert value is None or 0 <= value <= 1 + 1e-12
    if not both:
        return
    flat = masks.ravel(), maps.ravel()
    assert measured["pixel_roc_auc"] == pytest.approx(
        reference.roc_auc_score(*flat)
    )
    assert measured["pixel_ap"] == pytest.approx(
        reference.average_precision_score(*flat)
    )
    # The same numbers from any rising function, order of images, or mirror.
    for other in (
        metrics.pixel_metrics(masks, 4 * maps - 7),
        metrics.pixel_metrics(masks[::-1], maps[::-1]),
        metrics.pixel_metrics(masks[:, :, ::-1], maps[:, :, ::-1]),
    ):
        assert other == pytest.approx(measured)
    perfect = metrics.pixel_metrics(masks, masks.astype("float32"))
    for name in ("pixel_roc_auc", "pixel_ap", "aupro"):
        assert perfect[name] == pytest.approx(1.0)


@QUICK
@given(pairs, seeds)
def test_a_bootstrap_contains_finite_numbers(pairs, seed):
    labels, scores = split(pairs)
    low, high = metrics.bootstrap(
        metrics.roc_auc, labels, scores, n=30, seed=seed, strata=labels
    )
    assert (low is None) == (metrics.roc_auc(labels, scores) is None)
    assert low is None or 0 <= low <= high <= 1
