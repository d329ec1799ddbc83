"""Trainings that are killed, stopped, resumed, or asked to resume."""

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import keras
import numpy as np
import pytest

import kerasad
from kerasad.cli.signals import ONE, Interruption, signals
from kerasad.config import load_config
from kerasad.errors import InputError
from kerasad.training.train import train
from tests.cli.conftest import TINY, run, succeed
from tests.small_disk import names


@pytest.fixture
def usual_signals():
    """As in a terminal: a job in the background ignores Ctrl-C."""
    usual = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, usual[number]) for number in usual}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
def test_killed_trainings_end_with_the_same_weights(tmp_path):
    """In short; `python -m benchmarks.interrupted` is the long form."""
    found = tmp_path / "report.json"
    command = [sys.executable, "-m", "benchmarks.interrupted", "--quick"]
    command += ["--kills=2", "--json", found]
    # What is killed could be writing to the cache of the other tests.
    own = dict(os.environ)
    own.pop("JAX_COMPILATION_CACHE_DIR", None)
    subprocess.run(command, check=True, timeout=600, env=own)
    report = json.loads(found.read_text())
    assert report["backend"] == keras.backend.backend()
    assert report["kills"] == 2 and report["writing"] >= 1
    assert report["statuses"] == {"SIGINT": 130, "SIGTERM": 143}
    assert report["runs"] >= 1 and not report["faults"]


@pytest.mark.parametrize(
    "number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
@pytest.mark.filterwarnings(
    # The image that was being written.
    "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_signals_end_a_command(number, status, tmp_path, usual_signals):
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]

    def send():
        while signal.getsignal(number) in before:
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(os.getpid(), number)

    threading.Thread(target=send, daemon=True).start()
    result = run("data", "capsules", tmp_path / "capsules")
    assert result.exit_code == status
    assert result.stderr.splitlines()[-1] == "interrupted"
    assert "Traceback" not in result.output
    assert names(tmp_path) == []
    after = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    assert after == before
    del result  # its traceback holds what was open
    gc.collect()


def test_a_swallowed_signal_is_not_lost():
    class Swallows:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)

    with signals.caught():
        Swallows()
        with pytest.raises(Interruption):
            signals.check()
    signals.check()


class Held:
    """A lock as `threading.Condition` is one, interrupted where it says so."""

    def __init__(self, where):
        self.where = where
        self.lock = threading.Lock()

    def __enter__(self):
        self.lock.acquire()
        if self.where == "taken":
            signal.raise_signal(signal.SIGTERM)

    def __exit__(self, *_):
        if self.where == "left":
            signal.raise_signal(signal.SIGTERM)
        self.lock.release()


@pytest.mark.parametrize("where", ["taken", "left"])
def test_a_signal_leaves_no_lock_behind(where, usual_signals):
    held, inside = Held(where), False
    with signals.caught():
        with pytest.raises(Interruption):
            with held:
                time.sleep(ONE * (where == "taken"))
                inside = True
            time.sleep(ONE)
        assert inside == (where == "left")
    assert not held.lock.locked()


def test_who_waits_for_a_lock_in_vain_is_freed(usual_signals):
    held = Held(None)
    held.lock.acquire()
    main = threading.main_thread().ident
    presser = threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT))
    with signals.caught():
        presser.start()
        with pytest.raises(Interruption):
            with held:
                pass
        presser.join()


class Stop(Exception):
    pass


def stop_after(epochs):
    """Progress that breaks a training off at the end of its n-th epoch."""
    seen = []

    def progress(_, epoch, step, steps, row):
        if row is not None:
            seen.append(epoch)
            if len(seen) == epochs:
                raise Stop

    return progress


@pytest.fixture(scope="module")
def broken_off(category, tmp_path_factory):
    """Command and folder of a run with its first checkpoint."""
    out = tmp_path_factory.mktemp("broken-off")
    settings = [f"{key}={value}" for key, value in TINY.items()]
    with pytest.raises(Stop):
        config = load_config("default", settings)
        train(config, category, out, progress=stop_after(1))
    assert names(out) == ["checkpoint-ssae.npz"]
    settings = [f"--set={setting}" for setting in settings]
    return ["train", "--resume", "--data", category, *settings], out


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def narrow(path):
    arrays = dict(np.load(path))
    arrays["weight_00000"] = arrays["weight_00000"][..., :-1]
    np.savez(path, **arrays)


def lose(path):
    arrays = dict(np.load(path))
    del arrays["optimizer_00003"]
    np.savez(path, **arrays)


DAMAGE = {
    "empty": (lambda path: path.write_bytes(b""), "cut short"),
    "text": (lambda path: path.write_text("weights"), "cut short"),
    "half": (cut, "cut short"),
    "a byte": (flip, "cut short"),
    "foreign": (lambda path: np.savez(path, a=1), "no checkpoint"),
    "shape": (narrow, "other weight arrays than this network"),
    "count": (lose, "other optimizer arrays than this network"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_checkpoint(kind, broken_off, tmp_path):
    command, folder = broken_off
    damage, message = DAMAGE[kind]
    path = tmp_path / "checkpoint-ssae.npz"
    shutil.copy(folder / "checkpoint-ssae.npz", path)
    damage(path)
    result = run(*command, "--out", tmp_path)
    assert result.exit_code == 2
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"Error: {path}: ") and message in last
    assert "start anew without --resume" in last


def test_a_checkpoint_of_other_settings(broken_off):
    command, folder = broken_off
    result = run(*command, "--set=epochs=3", "--out", folder)
    assert result.exit_code == 2
    assert "was begun with epochs=2, not 3" in result.stderr


def test_resuming_a_finished_run(trained, category, tmp_path):
    out = shutil.copytree(trained[0], tmp_path / "run")
    old = (out / "detector.keras").read_bytes()
    command = ["train", "--resume", "--data", category, "--out", out]
    command += ["--config", out / "config.yaml"]
    result = succeed(*command)
    assert "finished; nothing is left to train" in result.stderr
    assert (out / "detector.keras").read_bytes() == old
    before, again = trained[1].stdout.splitlines(), result.stdout.splitlines()
    kept = ("method", "images", "loss", "threshold", "guarantee")
    for one, other in zip(before, again, strict=True):
        if one.startswith(kept):
            assert one == other
    assert again[3].startswith("training   2 epochs, 4 steps")
    result = run(*command, "--set=epochs=3")
    assert result.exit_code == 2
    assert "was begun with epochs=2, not 3" in result.stderr
    assert (out / "detector.keras").read_bytes() == old


def test_folds_that_are_done_are_not_trained_again(category, tmp_path):
    settings = TINY | {"image_size": 32, "filters": "[8]", "crop": 0,
                       "head": False, "context": False, "method": "ssae",
                       "anomaly_map": "squared-error", "epochs": 1,
                       "calibration": "cross", "folds": 2}  # fmt: skip
    del settings["memory_images"]  # of another method
    settings = [f"{key}={value}" for key, value in settings.items()]
    config = load_config("default", settings)
    whole = train(config, category, tmp_path / "whole").detector
    out = tmp_path / "broken"
    with pytest.raises(Stop):
        train(config, category, out, progress=stop_after(2))
    assert names(out) == ["checkpoint-fold-1.npz", "checkpoint.npz"]
    # One epoch is left, so that nothing stops it.
    train(config, category, out, resume=True, progress=stop_after(2))
    assert names(out) == names(tmp_path / "whole")
    resumed = kerasad.load(out / "detector.keras")
    assert resumed.calibration == whole.calibration
    for one, other in zip(
        resumed.get_weights(), whole.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_folds_of_another_run_are_not_used(category, tmp_path):
    (tmp_path / "checkpoint-fold-1-ssae.npz").write_text("old")
    with pytest.raises(InputError, match="time limit"):
        train(load_config("c1", ["image_size=32", "depth=1"]), category,
              tmp_path, minutes=0)  # fmt: skip
    assert names(tmp_path) == []
