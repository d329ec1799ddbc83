"""A small evaluation without training, and the detector it might be of."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from kerasad.calibration import fit_threshold, p_values
from kerasad.data.category import Sample
from kerasad.evaluation.evaluate import Evaluation, measure
from kerasad.evaluation.measures import Scored, confidence

SIZE = 32
DEFECTS = ["good"] * 5 + ["crack"] * 4 + ["poke"] * 3


def make_detector(**changes):
    calibration = np.linspace(0.5, 2.4, 20)
    detector = {
        "threshold": fit_threshold("conformal", calibration, fpr=0.1),
        "calibration": {
            "scores": calibration.tolist(),
            "map_maxima": calibration.tolist(),
            "map_range": [0.2, 4.6],
        },
        "provenance": {
            "config": {"name": "tiny", "seed": 3, "corruption": {"noise": 1}},
            "seed": 3,
            "data": "capsule",
            "files": "0123456789abcdef" * 4,
            "backend": "torch",
            "versions": {"kerasad": "0.1.0", "numpy": "2.4.6"},
            "precision": "float32",
            "alignment": {"share": 0.934, "kind": "unaligned"},
        },
        "image_size": (SIZE, SIZE),
        "method": SimpleNamespace(map_names=("segmentation", "memory-1")),
        "sigma": 4.0,
        "score": "max",
        "top_fraction": 0.001,
        "localise": "by-place",
    }
    return SimpleNamespace(**detector | changes)


def make_evaluation(detector, defects=DEFECTS, names=None):
    """Defective images score higher, but not all of them."""
    rng = np.random.default_rng(0)
    names = names or [f"{i:03d}.png" for i in range(len(defects))]
    samples = [
        Sample(
            Path("/data/capsule/test", defect, name),
            defect,
            int(defect != "good"),
            "test",
        )
        for defect, name in zip(defects, names, strict=True)
    ]
    shape = (len(samples), SIZE, SIZE)
    labels = np.array([sample.label for sample in samples], bool)
    masks = np.zeros(shape, bool)
    masks[labels, 8:14, 10:20] = True
    maps = rng.random(shape).astype("float32")
    maps += masks * rng.uniform(0.5, 6.0, (len(samples), 1, 1))
    maps[~labels] *= rng.uniform(1.0, 3.0, (int((~labels).sum()), 1, 1))
    maps = maps.astype("float32")
    scores = maps.max((1, 2)).astype("float64")
    threshold = detector.threshold["threshold"]
    scored = Scored(labels.astype(int), scores, masks, maps)
    table = measure(samples, scored, threshold)
    table["confidence"] = confidence(scored)
    table["at_threshold"] |= {"method": "conformal", "threshold": threshold}
    table |= {
        "min_defect_area": 0,
        "shift": None,
        "left_out": 0,
        "backend": "torch",
        "versions": {"kerasad": "0.1.0", "numpy": "2.4.6"},
        "config": "tiny",
        "seed": 3,
        "seconds": rng.random(),
    }
    images = rng.integers(0, 256, (*shape, 3)).astype("uint8")
    return Evaluation(
        samples=samples,
        images=images,
        masks=masks,
        maps=maps,
        reconstructions=images[:, ::-1].copy(),
        scores=scores,
        flagged=scores > threshold,
        p_values=p_values(detector.calibration["scores"], scores),
        metrics=table,
    )


SHIFTS = {
    "baseline": {"image_roc_auc": 0.9, "fpr": 0.1},
    "note": "Three draws of every shift.",
    "rows": [
        {
            "name": name,
            "severity": 1.0,
            "image_roc_auc": auc,
            "drop": None if auc is None else 0.9 - auc,
            "drop_interval": interval,
            "fpr": fpr,
        }
        for name, auc, interval, fpr in [
            ("blur", 0.89, (-0.01, 0.03), 0.1),
            ("noise", 0.6, (0.2, 0.4), 0.8),
            ("zoom", None, None, None),
        ]
    ],
}
