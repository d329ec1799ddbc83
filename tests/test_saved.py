"""Detectors that kerasad 0.1 saved load and score as they did."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasad
from kerasad.capsules import draw_capsule
from kerasad.errors import InputError

FOLDER = Path(__file__).parent / "saved"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())


@pytest.fixture(scope="module")
def images():
    kinds = [None, "crack", "poke"]
    return np.stack(
        [
            draw_capsule(np.random.default_rng(100 + index), 48, kind)[0]
            for index, kind in enumerate(kinds)
        ]
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_the_same_scores(name, images, tmp_path):
    detector = kerasad.load(FOLDER / f"{name}-0.1.keras")
    expected = EXPECTED[name]
    assert detector.threshold["threshold"] == expected["threshold"]
    detector.save(tmp_path / "again.keras")  # in the form of today
    again = keras.saving.load_model(tmp_path / "again.keras")
    for one in (detector, again):
        result = one.predict(images)
        # They were computed by PyTorch; another backend rounds the distances
        # of so small a memory otherwise, by 1.1e-4 of a score at most.
        np.testing.assert_allclose(
            result["anomaly_score"], expected["scores"], rtol=3e-4
        )
        assert result["is_anomalous"].tolist() == expected["is_anomalous"]
        maps = result["anomaly_map"]
        # Of values on both sides of 0, in units of the normal spread.
        assert maps.mean() == pytest.approx(expected["map_mean"], abs=1e-3)
        assert maps.max() == pytest.approx(expected["map_max"], rel=3e-4)


def test_keras_alone_says_what_to_do():
    with pytest.raises(InputError, match="of an older form; load it with"):
        keras.saving.load_model(FOLDER / "h2-0.1.keras")
