import json
import os
import subprocess
import sys

import keras
import pytest

from kerasad import backend
from kerasad.errors import InputError


def run(code, home, **environment):
    """Runs `code` in a process that has no Keras settings but these."""
    clean = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    clean |= {"HOME": str(home), "KERAS_HOME": str(home / ".keras")}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


CHOOSE = "from kerasad.backend import ensure_backend; print(ensure_backend())"


def settings(home, **values):
    (home / ".keras").mkdir()
    (home / ".keras" / "keras.json").write_text(json.dumps(values))


def test_what_is_installed_is_taken_and_named_once(tmp_path):
    result = run(CHOOSE, tmp_path)
    first = next(name for name in backend.BACKENDS if backend.installed(name))
    assert result.stdout.strip() == first
    assert result.stderr == f"kerasad: running on {first}\n"


def test_the_environment_comes_first(tmp_path):
    settings(tmp_path, backend="jax")
    name = keras.backend.backend()
    result = run(CHOOSE, tmp_path, KERAS_BACKEND=name)
    assert (result.stdout.strip(), result.stderr) == (name, "")


def test_then_keras_own_file(tmp_path):
    name = keras.backend.backend()
    settings(tmp_path, backend=name, floatx="float32")
    result = run(CHOOSE, tmp_path)
    assert (result.stdout.strip(), result.stderr) == (name, "")


def test_the_file_that_keras_wrote_by_itself_is_no_choice(tmp_path):
    settings(tmp_path, **backend.UNTOUCHED)
    assert "running on" in run(CHOOSE, tmp_path).stderr


def test_importing_keras_after_kerasad_registers_the_classes(tmp_path):
    code = (
        "import kerasad, sys; assert 'keras' not in sys.modules\n"
        "import keras\n"
        "print(keras.saving.get_registered_object('kerasad>Detector'))"
    )
    assert "kerasad.detector.Detector" in run(code, tmp_path).stdout


def test_a_module_that_is_first_to_import_keras_is_whole(tmp_path):
    code = (
        "import kerasad.layers, kerasad.detector, keras\n"
        "print(keras.saving.get_registered_object('kerasad>Detector'))\n"
        "assert kerasad.layers.Resize is kerasad.detector.Resize"
    )
    assert "kerasad.detector.Detector" in run(code, tmp_path).stdout


def test_nothing_installed_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(backend, "installed", lambda name: False)
    monkeypatch.setattr(backend, "configured_backend", lambda: None)
    with pytest.raises(InputError, match=r'pip install "kerasad\[torch\]"'):
        backend.ensure_backend()


def test_a_backend_that_is_missing_says_how_to_get_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setattr(backend, "installed", lambda name: False)
    with pytest.raises(InputError, match="'jax' is not installed"):
        backend.ensure_backend("jax")
