"""Two processes read, predict with and replace one detector at a time."""

import json
import os
import subprocess
import sys

import keras
import numpy as np

import kerasad
from kerasad.data.images import read_image
from tests.cli.conftest import succeed

OTHER = """
import json, sys
import kerasad.detector
from kerasad.data.images import read_image

path, image, times = sys.argv[1:]
image = read_image(image)
print("begun", flush=True)
found = []
for _ in range(int(times)):
    detector = kerasad.load(path)
    score = detector.predict([image])["anomaly_score"][0]
    found.append([detector.threshold["threshold"], float(score)])
    detector.set_threshold("n-sigma", k=3.0)
    detector.save(path)
print(json.dumps(found))
"""


def test_predict_while_threshold_replaces(detector, category, tmp_path):
    path = next((category / "test" / "good").iterdir())
    image = read_image(path)
    allowed = set()
    for k in "321":
        succeed("threshold", detector, "--method=n-sigma", "--k", k)
        allowed.add(kerasad.load(detector).threshold["threshold"])
    assert len(allowed) == 3
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER, detector, path, "3"],
        env={**os.environ, "KERAS_BACKEND": keras.backend.backend()},
        stdout=subprocess.PIPE,
        text=True,
    )
    found = []
    try:
        assert other.stdout.readline() == "begun\n"
        while other.poll() is None:
            k = "12"[len(found) % 2]
            succeed("threshold", detector, "--method=n-sigma", "--k", k)
            fitted = kerasad.load(detector)
            score = fitted.predict([image])["anomaly_score"][0]
            found.append([fitted.threshold["threshold"], float(score)])
        answer = other.communicate()[0]
    finally:
        other.kill()
    assert other.returncode == 0
    assert len(found) >= 2  # while the other was at it
    theirs = json.loads(answer)
    assert len(theirs) == 3
    thresholds, scores = zip(*found, *theirs, strict=True)
    assert set(thresholds) <= allowed
    np.testing.assert_allclose(scores, scores[0], rtol=1e-6)
    assert kerasad.load(detector).threshold["threshold"] in allowed
    assert list(tmp_path.iterdir()) == [detector]
