"""Nothing half-written: after errors, kills and on full disks."""

import errno
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from PIL import Image

from kerasad.capsules import write_category
from kerasad.errors import InputError
from kerasad.files import locked, replacing, write_text
from kerasad.reports.canvas import new_figure, save_png
from kerasad.training.checkpoint import save_checkpoint
from tests.small_disk import at_most, names

pytest.importorskip("fcntl", reason="POSIX: file locks and limits")


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(tmp_path):
    for name in (".1.a.txt", ".2.a.txt", ".1.b.txt", ".x.a.txt", ".3.a"):
        (tmp_path / name).write_text("left")
    (tmp_path / ".4.a.txt").mkdir()
    (tmp_path / ".4.a.txt" / "part").touch()
    (tmp_path / ".5.a.txt").mkdir()
    with locked(tmp_path / ".2.a.txt"), locked(tmp_path / ".5.a.txt"):
        write_text(tmp_path / "a.txt", "new")
    assert names(tmp_path) == [".1.b.txt", ".2.a.txt", ".3.a", ".5.a.txt",
                               ".x.a.txt", "a.txt"]  # fmt: skip


def test_only_the_system_is_blamed(tmp_path):
    """Neither an error of ours, nor one that was being handled."""
    with pytest.raises(ValueError, match="invalid literal"):
        try:
            raise OSError(errno.ENOSPC, "full")
        except OSError:
            with replacing(tmp_path / "a"):
                int("x")
    assert names(tmp_path) == []


def save_arrays(path):
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(200)])
    model.compile("sgd", "mse")
    save_checkpoint(path, model, [], model.get_weights(), {}, {})


def save_figure(path):
    figure = new_figure((3, 3))
    figure.add_subplot().plot(np.random.default_rng(0).random(500))
    save_png(figure, path)


def save_picture(path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), "uint8")
    with replacing(path) as draft:
        Image.fromarray(noise).save(draft, format="png")


WRITERS = {
    "text": lambda path: write_text(path, "t" * 10_000),
    "checkpoint": save_arrays,
    "figure": save_figure,
    "picture": save_picture,
}


@pytest.mark.parametrize("size", [0, 200, 4096])
@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_that_does_not_fit(kind, size, tmp_path):
    target = tmp_path / "file.npz"
    target.write_text("old")
    message = f"{target}: cannot be written: File too large"
    with at_most(size), pytest.raises(InputError) as caught:
        WRITERS[kind](target)
    assert str(caught.value) == message
    assert target.read_text() == "old" and names(tmp_path) == ["file.npz"]
    WRITERS[kind](target)
    assert target.stat().st_size > 4096 and names(tmp_path) == ["file.npz"]


def test_drawings_that_do_not_fit(tmp_path):
    with at_most(1000), pytest.raises(InputError, match="a: cannot be written"):
        write_category(tmp_path / "a", size=64, train=2, good=0)
    assert names(tmp_path) == []


def test_threads_that_write_the_same_file(tmp_path):
    """Each writes its own draft; the last rename wins, whole."""
    target = tmp_path / "file.txt"
    texts = [letter * 100_000 for letter in "abcd"]
    with ThreadPoolExecutor() as threads:
        list(threads.map(write_text, [target] * 40, texts * 10))
    assert target.read_text() in texts
    assert names(tmp_path) == ["file.txt"]
