import math

import numpy as np
import pytest
from sklearn import metrics as reference

from kerasad import metrics
from kerasad.errors import InputError


@pytest.fixture(params=[0, 1, 2, 3])
def labelled_scores(request):
    rng = np.random.default_rng(request.param)
    labels = np.append(rng.integers(0, 2, 60), [0, 1])
    scores = labels + rng.normal(size=62)
    return labels, np.round(scores, request.param).astype("float32")  # ties


def test_ranking_metrics_match_scikit_learn(labelled_scores):
    labels, scores = labelled_scores
    assert metrics.roc_auc(labels, scores) == pytest.approx(
        reference.roc_auc_score(labels, scores), abs=1e-12
    )
    assert metrics.average_precision(labels, scores) == pytest.approx(
        reference.average_precision_score(labels, scores), abs=1e-12
    )


def test_f1_max_is_the_best_over_all_thresholds(labelled_scores):
    labels, scores = labelled_scores
    best, threshold = metrics.f1_max(labels, scores)
    candidates = np.append(scores, scores.min() - 1)
    assert best == pytest.approx(
        max(reference.f1_score(labels, scores > t) for t in candidates)
    )
    assert metrics.confusion(labels, scores > threshold)["f1"] == best


def test_f1_max_when_flagging_everything_is_best():
    labels, scores = [1, 1, 1, 0], np.float32([0.1, 0.2, 0.3, 0.2])
    best, threshold = metrics.f1_max(labels, scores)
    assert best == metrics.f1_floor(labels)
    assert (scores > threshold).all()  # also in float32


def test_confusion_matches_scikit_learn(labelled_scores):
    labels, scores = labelled_scores
    flagged = scores > 0.5
    result = metrics.confusion(labels, flagged)
    table = reference.confusion_matrix(labels, flagged)
    assert [[result["tn"], result["fp"]], [result["fn"], result["tp"]]] == (
        table.tolist()
    )
    for name, function in (
        ("accuracy", reference.accuracy_score),
        ("precision", reference.precision_score),
        ("recall", reference.recall_score),
        ("f1", reference.f1_score),
    ):
        assert result[name] == pytest.approx(function(labels, flagged))
    assert result["fpr"] == result["fp"] / (result["fp"] + result["tn"])


def test_the_papers_confusion_matrix():
    # Table 8, k = 0.0001, and the floor that its F1 of 67.8 % stays under.
    labels = [1] * 109 + [0] * 23
    flagged = [1] * 59 + [0] * 50 + [1] * 6 + [0] * 17
    result = metrics.confusion(labels, flagged)
    assert result["f1"] == pytest.approx(0.678, abs=5e-4)
    assert result["accuracy"] == pytest.approx(0.576, abs=5e-4)
    assert metrics.f1_floor(labels) == pytest.approx(0.905, abs=5e-4)


def test_one_class_only():
    for labels in ([0, 0], [1, 1], []):
        scores = np.arange(len(labels))
        assert metrics.roc_auc(labels, scores) is None
        assert metrics.average_precision(labels, scores) is None
    assert metrics.f1_max([0, 0], [1, 2]) == (None, None)
    assert metrics.f1_floor([0, 0]) is None
    result = metrics.confusion([0, 0], [False, False])
    for name in ("precision", "recall", "f1"):
        assert result[name] is None
    assert result["fpr"] == 0.0
    assert metrics.confusion([1], [True])["fpr"] is None
    assert metrics.confusion([1], [False])["f1"] == 0.0
    assert metrics.confusion([], [])["accuracy"] is None


def test_refusals():
    with pytest.raises(InputError, match="1 of 2 are not"):
        metrics.roc_auc([0, 1], [0.0, math.nan])
    with pytest.raises(ValueError, match=r"len\(labels\)=2, len\(scores\)=3"):
        metrics.roc_auc([0, 1], [0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="must hold 0 and 1 only"):
        metrics.f1_floor([0, 255])


def test_per_defect():
    defects = ["poke", "good", "crack", "good", "poke"]
    scores = np.array([0.9, 0.5, 0.5, 0.1, 0.2])
    assert metrics.per_defect(defects, scores, threshold=0.5) == {
        "crack": {"images": 1, "roc_auc": 0.75, "recall": 0.0},
        "poke": {"images": 2, "roc_auc": 0.75, "recall": 0.5},
    }
    assert metrics.per_defect(["good"], [0.1]) == {}
    only = metrics.per_defect(["crack"], [0.1])
    assert only == {"crack": {"images": 1, "roc_auc": None, "recall": None}}


def test_by_defect_size():
    masks = np.zeros((7, 10, 10), bool)
    for index, area in enumerate([0, 0, 8, 2, 4, 2, 6]):
        masks[index].flat[:area] = True
    labels = masks.any((1, 2))
    scores = np.array([0.3, 0.1, 0.9, 0.2, 0.6, 0.0, 0.8])
    rows = metrics.by_defect_size(masks, labels, scores, 0.5, groups=3)
    assert [(r["least"], r["most"], r["images"]) for r in rows] == [
        (0.02, 0.02, 2),
        (0.04, 0.06, 2),
        (0.08, 0.08, 1),
    ]
    assert [row["recall"] for row in rows] == [0.0, 1.0, 1.0]
    assert [row["roc_auc"] for row in rows] == [0.25, 1.0, 1.0]
    assert metrics.by_defect_size(masks[:2], labels[:2], scores[:2]) == []
