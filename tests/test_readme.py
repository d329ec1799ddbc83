"""What the README shows is so: its Python runs, its options exist."""

import re
import shlex
from pathlib import Path

import numpy as np

import kerasad
from kerasad.cli import COMMANDS
from tests.cli.conftest import succeed
from tests.runtime.conftest import calibrated
from tests.serving.client import Running
from tests.serving.conftest import png
from tests.small import make_detector

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "part").mkdir(parents=True)
    make_detector().save("runs/part/detector.keras")
    blocks = re.findall(r"```python\n(.*?)```", README, re.S)
    assert blocks
    images = np.zeros((2, 40, 40, 3), "uint8")
    for block in blocks:
        names = {"images": images, "kerasad": kerasad}
        exec(block, names)
        assert names["result"]["anomaly_map"].shape == (2, 32, 32)


def test_the_two_commands_to_a_server(tmp_path, monkeypatch):
    """The first installs; the second is run as it stands."""
    install, serve = re.search(
        r"Two commands.*?```\n(.*?)\n(.*?)\n```", README, re.S
    ).groups()
    assert install.startswith('pip install "kerasad[torch,serve]"')
    command = shlex.split(serve, comments=True)
    assert command[:2] == ["kerasad", "serve"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "part").mkdir(parents=True)
    detector, normals = calibrated()
    detector.save("runs/part/detector.keras")
    with Running(*command[2:]) as server:
        status, answer = server.predict(png(normals[20]))
    assert status == 200
    assert answer["is_anomalous"] in (True, False)
    assert answer["threshold"] == detector.threshold["threshold"]


def test_every_option_is_one_of_its_command():
    used = set()
    for command, line in re.findall(r"kerasad (\w[\w-]*)([^`\n]*)", README):
        if command in COMMANDS and command != "data":  # a group
            used |= {(command, o) for o in re.findall(r"--[a-z-]+", line)}
    assert len(used) > 15
    texts = {name: succeed(name, "--help").stdout for name in COMMANDS}
    wrong = {(c, o) for c, o in used if o not in texts[c]}
    assert not wrong
