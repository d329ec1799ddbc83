"""A metric is a row: table, tiles, intervals and JSON follow from it."""

import numpy as np
import pytest

from kerasad.evaluation import measures
from kerasad.evaluation.evaluate import measure
from kerasad.evaluation.measures import METRICS, Metric, Scored
from kerasad.metrics import roc_auc
from kerasad.reports import facts, results
from tests.reports.evaluations import make_detector, make_evaluation


@pytest.fixture
def one_more(monkeypatch):
    row = Metric(
        "median_gap",
        "median gap",
        lambda s: float(
            np.median(s.scores[s.labels == 1])
            - np.median(s.scores[s.labels == 0])
        ),
        lambda s: 0.0,
        interval=lambda s: (0.25, 0.75),
        needs="both",
    )
    for module in (measures, facts, results):
        monkeypatch.setattr(module, "METRICS", (*METRICS, row))


def test_a_row_reaches_every_output(one_more):
    evaluation = make_evaluation(make_detector())
    table = evaluation.metrics
    scored = evaluation.scored
    good = scored.scores[scored.labels == 0]
    bad = scored.scores[scored.labels == 1]
    assert table["median_gap"] == np.median(bad) - np.median(good)
    assert table["confidence"]["median_gap"] == [0.25, 0.75]
    shown = (
        f"median gap         {table['median_gap']:.3f} (95 %: 0.250 to 0.750)"
    )
    assert shown in results.table(
        table
        | {
            "at_threshold": table["at_threshold"]
            | {"promise": "none", "fpr_range": None},
            "at_pixel_threshold": None,
        }
    )
    tile = facts.tiles(evaluation)[-1]
    assert tile["name"] == "Median gap" and tile["interval"] == [0.25, 0.75]


def test_the_intervals_of_the_report_are_those_of_the_metrics():
    """Whatever the seed: they were drawn twice, with two seeds, before."""
    evaluation = make_evaluation(make_detector())
    evaluation.metrics["confidence"]["image_roc_auc"] = [0.123, 0.456]
    assert facts.tiles(evaluation)[0]["interval"] == [0.123, 0.456]


def test_the_seed_moves_the_interval_and_not_the_metric(rng):
    labels = np.repeat([0, 1], 20)
    scores = rng.normal(size=40) + labels
    maps = rng.random((40, 4, 4))
    masks = np.zeros(maps.shape, bool)
    masks[20:, :2] = True
    one, other = (Scored(labels, scores, masks, maps, s) for s in (0, 7))
    samples = [type("S", (), {"defect": "x"})] * 40
    assert measure(samples, one, 0.5) == measure(samples, other, 0.5)
    pairs = [measures.confidence(s)["image_roc_auc"] for s in (one, other)]
    assert pairs[0] != pairs[1]
    assert all(low < roc_auc(labels, scores) < high for low, high in pairs)
