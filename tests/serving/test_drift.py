"""Chances of drift against SciPy and against simulated calibrations."""

import numpy as np
import pytest
from scipy import stats

from kerasad.calibration import conformal
from kerasad.serving.drift import (
    ALARM,
    Drift,
    chance_of_distance,
    chance_of_flags,
)


class Calibrated:
    """What `Drift` reads of a detector."""

    def __init__(self, scores, method="conformal"):
        self.threshold = {
            "method": method,
            "threshold": conformal(scores, 0.1),
            "fpr": 0.1,
            "images": len(scores),
        }
        self.calibration = {"scores": list(scores)}


def watched(detector, scores):
    drift = Drift(detector)
    for score in scores:
        flagged = score > detector.threshold["threshold"]
        drift.add({"anomaly_score": float(score), "is_anomalous": flagged})
    return drift.summary()


@pytest.mark.parametrize("units, fpr", [(22, 0.1), (22, 0.05), (200, 0.01)])
def test_flags_against_scipy(units, fpr):
    rank = int(np.ceil((units + 1) * (1 - fpr) - 1e-9))
    known = stats.betabinom(200, units + 1 - rank, rank)
    for flagged in (0, 1, 5, 40, 200):
        assert chance_of_flags(flagged, 200, units, fpr) == pytest.approx(
            known.sf(flagged - 1), rel=1e-6, abs=1e-12
        )


def test_distance_against_scipy(rng):
    for size, shift in [(20, 0.0), (50, 0.7), (200, 0.3), (200, 2.0)]:
        one, other = rng.normal(size=size), rng.normal(shift, 1, 60)
        known = stats.ks_2samp(one, other, method="asymp").pvalue
        found = chance_of_distance(one, other)
        assert found == pytest.approx(known, rel=0.35, abs=2e-3)
    assert chance_of_distance([1.0, 2.0], [1.0, 2.0]) == 1.0


def test_no_alarm_where_nothing_changed(rng):
    """Over calibrations as well: a threshold may be an unlucky one."""
    alarms = 0
    for _ in range(400):
        detector = Calibrated(rng.gumbel(size=30))
        alarms += watched(detector, rng.gumbel(size=200))["alarm"]
    assert alarms <= 400 * 2 * ALARM + 4


def test_an_alarm_where_the_light_changed(rng):
    summary = watched(Calibrated(rng.gumbel(size=60)), rng.gumbel(3, size=200))
    assert summary["alarm"] and summary["chance_of_flags"] < ALARM
    assert summary["images"] == summary["window"] == 200
    assert summary["flagged"] == summary["flagged_in_window"] > 100


def test_nothing_is_said_too_early_or_of_no_guarantee(rng):
    scores = rng.gumbel(size=60)
    early = watched(Calibrated(scores), [99.0] * 19)
    assert early["chance_of_flags"] is None and not early["alarm"]
    other = watched(Calibrated(scores, "n-sigma"), rng.gumbel(size=100))
    assert other["promised"] is other["chance_of_flags"] is None
    assert other["chance_of_scores"] > ALARM
