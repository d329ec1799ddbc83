import numpy as np
import pytest

from kerasad import metrics
from kerasad.metrics.resampling import draw_images
from tests.metrics.test_pixels import draw


def test_interval_of_a_mean_is_the_textbook_one(rng):
    values = rng.normal(size=200)
    low, high = metrics.bootstrap(np.mean, values, n=4000)
    half = 1.96 * values.std() / np.sqrt(200)
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)
    assert (low, high) == metrics.bootstrap(np.mean, values, n=4000)


def test_arrays_are_drawn_together(rng):
    labels = rng.integers(0, 2, 40)
    low, high = metrics.bootstrap(metrics.roc_auc, labels, labels * 1.0)
    assert (low, high) == (1.0, 1.0)


def test_one_class_draws_are_left_out():
    low, high = metrics.bootstrap(metrics.roc_auc, [0, 1], [0.1, 0.2])
    assert (low, high) == (1.0, 1.0)
    undefined = metrics.bootstrap(metrics.roc_auc, [0, 0], [0.1, 0.2])
    assert undefined == (None, None)


def test_strata_keep_the_composition(rng):
    labels = np.array([0] * 5 + [1] * 20)
    draws = draw_images(25, 50, rng, strata=labels)
    assert (labels[draws].sum(axis=1) == 20).all()
    with pytest.raises(ValueError, match="Received: 3 for 2 images"):
        metrics.bootstrap(np.mean, [1.0, 2.0], strata=[0, 0, 1])


@pytest.mark.parametrize("levels", [None, 7])
def test_pixel_bootstrap_encloses_the_exact_one(rng, levels):
    masks, maps = draw(rng, images=12, levels=levels)
    bounds = (0.01, 0.1)
    intervals = metrics.pixel_bootstrap(masks, maps, n=200, fpr_bounds=bounds)

    draws = draw_images(12, 200, np.random.default_rng(0), masks.any((1, 2)))
    exact = [
        metrics.pixel_metrics(masks[d], maps[d], fpr_bounds=bounds)
        for d in draws
    ]
    for name, (low, high) in intervals.items():
        values = [one[name] for one in exact]
        exact_low, exact_high = np.quantile(values, [0.025, 0.975])
        # Every score has its own threshold here: nothing is lost but ties.
        assert low <= exact_low + 1e-9 and exact_high <= high + 1e-9
        if levels is None:
            assert exact_low - low < 0.02 and high - exact_high < 0.02
