import json
import os
import subprocess
import sys
from pathlib import Path

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


def keras_choice(home):
    code = "import keras; print(keras.backend.backend())"
    return run(code, home).stdout


@pytest.mark.parametrize("chosen", [None, *backend.BACKENDS])
def test_kerasad_chooses_what_keras_would(chosen, tmp_path):
    """Keras leaves its file behind at the first import, with its default."""
    if not backend.installed(chosen or "tensorflow"):
        pytest.skip("Keras cannot run on it here")
    if chosen is not None:
        settings(tmp_path, backend=chosen, floatx="float32")
    for _ in range(2 if chosen is None else 1):
        result = run(CHOOSE, tmp_path)
        expected = keras_choice(tmp_path)
        assert (result.stdout, result.stderr) == (expected, "")


def test_the_environment_comes_first(tmp_path):
    settings(tmp_path, backend="jax")
    name = keras.backend.backend()
    result = run(CHOOSE, tmp_path, KERAS_BACKEND=name)
    assert (result.stdout.strip(), result.stderr) == (name, "")


@pytest.mark.parametrize("chosen", [None, "0"])
def test_tensorflow_uses_onednn_unless_told_otherwise(
    chosen, tmp_path, monkeypatch
):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    code = CHOOSE + "; import os; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    given = {"KERAS_BACKEND": keras.backend.backend()}
    if chosen is not None:
        given["TF_ENABLE_ONEDNN_OPTS"] = chosen
    assert run(code, tmp_path, **given).stdout.split()[-1] == (chosen or "1")


@pytest.mark.parametrize("content", ["[]", "{", '{"floatx": "float32"}'])
def test_a_file_that_names_no_backend(content, tmp_path):
    settings(tmp_path)
    (tmp_path / ".keras" / "keras.json").write_text(content)
    assert "must be one of" not in run(CHOOSE, tmp_path).stderr


def test_importing_keras_after_kerasad_registers_the_classes(tmp_path):
    code = (
        "import kerasad, sys; assert 'keras' not in sys.modules\n"
        "import keras\n"
        "print(keras.saving.get_registered_object('kerasad>Detector'))"
    )
    own = {"KERAS_BACKEND": keras.backend.backend()}
    assert "kerasad.detector.Detector" in run(code, tmp_path, **own).stdout


def test_a_module_that_is_first_to_import_keras_is_whole(tmp_path):
    code = (
        "import kerasad.layers, kerasad.detector, keras\n"
        "print(keras.saving.get_registered_object('kerasad>Detector'))\n"
        "assert kerasad.layers.Resize is kerasad.detector.Resize"
    )
    own = {"KERAS_BACKEND": keras.backend.backend()}
    assert "kerasad.detector.Detector" in run(code, tmp_path, **own).stdout


def test_nothing_installed_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(backend, "installed", lambda name: False)
    with pytest.raises(InputError, match=r'pip install "kerasad\[torch\]"'):
        backend.ensure_backend()


def test_keras_default_is_missing(monkeypatch, tmp_path, capsys):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setenv("KERAS_BACKEND", "")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(backend, "installed", lambda name: name == "jax")
    assert backend.ensure_backend() == "jax"
    assert capsys.readouterr().err == "kerasad: running on jax\n"


# Imported first: such a user need not be able to read this Python.
HOMELESS = """
import os, tempfile
from kerasad import backend
from kerasad.capsules import cache
os.setgroups([]); os.setgid(54321); os.setuid(54321)  # in no passwd file
os.environ.pop("HOME", None)
folder = cache.cache_folder()
folder.mkdir(parents=True)
print(folder)
print(backend.configured_backend())
"""


def test_a_user_without_a_home(tmp_path):
    if os.name != "posix" or os.getuid() != 0:
        pytest.skip("only root can become a user that does not exist")
    environment = dict(os.environ, TMPDIR=str(tmp_path))
    for name in ("XDG_CACHE_HOME", "KERAS_HOME"):
        environment.pop(name, None)
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    result = subprocess.run(
        [sys.executable, "-c", HOMELESS],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    folder, name = result.stdout.split()
    assert folder.startswith(str(tmp_path)) and name in backend.BACKENDS
    assert Path(folder).is_dir()


def test_a_backend_that_is_missing_says_how_to_get_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setattr(backend, "installed", lambda name: False)
    with pytest.raises(InputError, match="'jax' is not installed"):
        backend.ensure_backend("jax")
