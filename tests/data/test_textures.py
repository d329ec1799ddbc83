import numpy as np
import pytest
from PIL import Image

from kerasad.data.textures import (
    TextureBank,
    builtin_textures,
    textures_from_folder,
)
from kerasad.errors import InputError


def save(folder, name, shape=(40, 50), value=90):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*shape, 3), value, "uint8")).save(path)


@pytest.mark.parametrize("shape", [(8, 16), (100, 10), (64, 64)])
def test_sample_has_the_shape_asked_for(rng, shape):
    bank = TextureBank([rng.integers(256, size=(32, 48, 3), dtype="uint8")])
    for _ in range(8):
        crop = bank.sample(rng, *shape)
        assert crop.shape == (*shape, 3) and crop.dtype == np.float32
        assert 0 <= crop.min() and crop.max() <= 1


def test_sample_is_a_function_of_the_generator(rng):
    bank = TextureBank(
        list(rng.integers(256, size=(3, 40, 40, 3), dtype="uint8"))
    )
    first = bank.sample(np.random.default_rng(3), 20, 20)
    np.testing.assert_array_equal(
        bank.sample(np.random.default_rng(3), 20, 20), first
    )


def test_folder_is_read_in_the_order_of_names(tmp_path):
    save(tmp_path, "b/2.png", value=20)
    save(tmp_path, "b/1.TIF", value=10)
    save(tmp_path, "a.bmp", (100, 60), value=5)
    (tmp_path / "notes.txt").write_text("no image")
    bank = textures_from_folder(tmp_path, size=32)
    assert [image[0, 0, 0] for image in bank.images] == [5, 10, 20]
    assert bank.images[0].shape == (53, 32, 3)


def test_limit_spreads_over_the_folder(tmp_path):
    for k in range(9):
        save(tmp_path, f"{k}.png", value=k)
    bank = textures_from_folder(tmp_path, size=40, limit=3)
    assert [image[0, 0, 0] for image in bank.images] == [0, 4, 8]


def test_bad_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="nowhere is not a folder"):
        textures_from_folder(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no image"):
        textures_from_folder(tmp_path)
    (tmp_path / "broken.png").write_bytes(b"not an image")
    with pytest.raises(InputError, match="broken.png cannot be read"):
        textures_from_folder(tmp_path)


def test_builtin_textures_are_many_and_repeatable():
    bank = builtin_textures(seed=1, size=64)
    assert len(bank) >= 40
    assert {image.shape for image in bank.images} == {(64, 64, 3)}
    assert min(image.std() for image in bank.images) > 4  # none is blank
    again = builtin_textures(seed=1, size=64)
    for one, other in zip(bank.images, again.images, strict=True):
        np.testing.assert_array_equal(one, other)


def test_empty_bank_is_refused():
    with pytest.raises(ValueError, match="at least one texture"):
        TextureBank([])
