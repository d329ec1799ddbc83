"""Where parts move nothing is compared by place."""

import keras
import numpy as np
import pytest
from keras import ops

import kerasad
from kerasad.config import load_config
from kerasad.errors import InputError
from kerasad.layers import PatchFeatures
from kerasad.testing import check_method
from kerasad.training.run import Run
from kerasad.training.train import fit
from tests.methods.test_contract import RECIPES
from tests.small import on_one_backend

MOVING = "alignment=unaligned"


def test_contract_of_patches(tmp_path):
    recipe, settings = RECIPES["patch_memory"]
    detector = check_method(load_config(recipe, [*settings, MOVING]), tmp_path)
    assert detector.method.map_names == ("patches",)


@on_one_backend
@pytest.mark.parametrize("size", ["32", "[32, 64]"])
def test_contract_of_the_sum(size, tmp_path):
    recipe, settings = RECIPES["fused"]
    settings = [*settings, f"image_size={size}", MOVING]
    detector = check_method(load_config(recipe, settings), tmp_path)
    network, patches = detector.method.members
    assert network.context is None and network.network.input_shape[-1] == 3
    assert detector.method.map_names == ("segmentation", "patches")


@on_one_backend
def test_the_recipe_tells_from_good_images(rng):
    noise = rng.integers(256, size=(12, 32, 32, 3)).astype("uint8")
    recipe, settings = RECIPES["fused"]
    config, said = load_config(recipe, settings), []
    run = Run(config.settings, say=said.append)
    detector, _ = fit(config, noise[:8], noise[8:], run)
    assert detector.method.members[1].unaligned
    assert run.facts["alignment"]["kind"] == "unaligned"
    assert sum("parts move" in line for line in said) == 1


def test_a_file_of_many_images_is_loaded(rng, tmp_path):
    """What it holds does not grow with them, and the file is vetted by it."""
    noise = rng.integers(256, size=(200, 160, 160, 3)).astype("uint8")
    config = load_config("memory", ["image_size=160", MOVING])
    detector, _ = fit(config, noise, noise[:4], Run(config.settings))
    detector.save(tmp_path / "a.keras")
    again = kerasad.load(tmp_path / "a.keras")
    np.testing.assert_allclose(
        again.predict(noise[:2])["anomaly_score"],
        detector.predict(noise[:2])["anomaly_score"],
        rtol=1e-5,
    )


def test_a_defect_anywhere_is_unlike_any_patch(rng):
    def striped(count):
        x = np.arange(64)[None, None, :] + rng.integers(16, size=(count, 1, 1))
        grey = 128 + 60 * np.sin(x * np.pi / 4) + np.zeros((1, 64, 1))
        noisy = grey[..., None] + rng.normal(0, 4, (count, 64, 64, 3))
        return noisy.clip(0, 255).astype("uint8")

    # Stripes can be brought in line, too.
    settings = ["image_size=64", "sigma=0", "registration=none"]
    config = load_config("memory", settings)
    good, held_out = striped(24), striped(6)
    detector, _ = fit(config, good, held_out, Run(config.settings))
    broken = held_out.copy()
    broken[:, 20:32, 36:48] = broken[:, 20:32, 36:48].transpose(0, 2, 1, 3)
    maps = detector.predict(broken)["anomaly_map"]
    assert detector.method.unaligned
    inside = maps[:, 24:28, 40:44].min()
    outside = np.delete(maps, np.s_[12:40], axis=1).max()
    assert inside > outside


def test_places_at_the_border_have_the_nearest_patch_inside(rng):
    images = rng.uniform(size=(2, 24, 32, 3)).astype("float32")
    inner, padded = (
        PatchFeatures(patch=12, dims=5, inside=inside)
        for inside in (True, False)
    )
    kernel = rng.normal(size=(12, 12, 3, 5)).astype("float32")
    found = []
    for layer in (inner, padded):
        layer.build(images.shape)
        layer.kernel.assign(kernel)
        found.append(ops.convert_to_numpy(layer(images)))
    assert found[0].shape == inner.compute_output_shape(images.shape)
    by_hand = np.pad(found[1][:, 1:-1, 1:-1], [(0, 0), (1, 1), (1, 1), (0, 0)],
                     mode="edge")  # fmt: skip
    np.testing.assert_allclose(found[0], by_hand, rtol=1e-5, atol=1e-5)


def test_refusals():
    with pytest.raises(InputError, match="must be one of auto, aligned, una"):
        load_config("memory", ["alignment=still"])
    with pytest.raises(ValueError, match="a multiple of `2"):
        PatchFeatures(patch=8, stride=4, inside=True)


def test_files_of_before_are_of_aligned_parts():
    config = load_config("memory", ["image_size=32"])
    kind = keras.saving.get_registered_object("kerasad>PatchMemoryMethod")
    method = kind.from_settings(config.settings, (32, 32), 4)
    before = method.get_config()
    assert before.pop("unaligned") is False
    again = kind.from_config(before)
    assert again.map_names == ("memory-1", "memory-2", "memory-4")
