import numpy as np
import pytest

from kerasad.calibration.independence import divide
from kerasad.capsules.category import write_category
from kerasad.config import load_config
from kerasad.data.layouts import open_category
from kerasad.errors import InputError
from kerasad.stored import chosen, gathered, memory_limit
from kerasad.training.train import train
from tests.cli.conftest import TINY
from tests.small_disk import at_most, names


@pytest.fixture
def images(rng, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return rng.integers(256, size=(7, 5, 6, 3), dtype="uint8")


def mapped(array) -> bool:
    while array is not None and not isinstance(array, np.memmap):
        array = getattr(array, "base", None)
    return array is not None


def test_the_same_in_memory_and_in_a_file(images, tmp_path):
    for limit, in_file in [(images.nbytes, False), (images.nbytes - 1, True)]:
        found = gathered(images.shape, iter(images), limit)
        assert mapped(found) is in_file and type(found) is np.ndarray
        np.testing.assert_array_equal(found, images)
        np.testing.assert_array_equal(found[[5, 0, 5]], images[[5, 0, 5]])
    # Nobody finds the file, so nobody need remove it.
    assert names(tmp_path) == ["kerasad"] and names(tmp_path / "kerasad") == []


@pytest.mark.parametrize("places", [[6, 1], np.arange(7) % 2 == 0, []])
def test_some_of_them(images, places, monkeypatch):
    stored = gathered(images.shape, iter(images), 0)
    few = chosen(stored, places)
    assert not mapped(few)
    monkeypatch.setenv("KERASAD_IMAGE_MEMORY", "0")
    again = chosen(stored, places)
    assert mapped(again) is (len(few) > 0)
    for found in (few, again):
        np.testing.assert_array_equal(found, images[places])


def test_a_full_disk(images, tmp_path):
    with at_most(100), pytest.raises(InputError) as caught:
        gathered(images.shape, iter(images), 0)
    target = tmp_path / "kerasad" / "images"
    assert str(caught.value) == f"{target}: cannot be written: File too large"
    assert names(tmp_path / "kerasad") == []


def test_what_an_image_raises_is_not_the_disks(images):
    def broken():
        yield images[0]
        raise InputError("second.png: not a readable image")

    with pytest.raises(InputError, match=r"^second.png: not a readable image$"):
        gathered(images.shape, broken(), 0)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1 GiB"])
def test_a_limit_that_is_none(text, monkeypatch):
    monkeypatch.setenv("KERASAD_IMAGE_MEMORY", text)
    with pytest.raises(InputError, match="KERASAD_IMAGE_MEMORY must be"):
        memory_limit()


def test_a_category_is_divided_alike(images, tmp_path, monkeypatch):
    write_category(tmp_path / "drawn", size=32, train=12, good=0)
    config = load_config("memory", ["image_size=32"])

    def parts():
        read = open_category(tmp_path / "drawn")
        return [part.images for part in divide(read, config, lambda _: None)]

    plain = parts()
    monkeypatch.setenv("KERASAD_IMAGE_MEMORY", "0")
    stored = parts()
    assert not any(map(mapped, plain)) and all(map(mapped, stored))
    for one, other in zip(plain, stored, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_training_ends_alike(images, tmp_path, monkeypatch):
    write_category(tmp_path / "drawn", size=32, train=12, good=0)
    config = load_config("default", [f"{k}={v}" for k, v in TINY.items()])
    plain = train(config, tmp_path / "drawn", tmp_path / "plain").detector
    monkeypatch.setenv("KERASAD_IMAGE_MEMORY", "0")
    stored = train(config, tmp_path / "drawn", tmp_path / "stored").detector
    assert stored.calibration == plain.calibration
    for one, other in zip(
        stored.get_weights(), plain.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)
