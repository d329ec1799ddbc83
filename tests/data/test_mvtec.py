import numpy as np
import pytest
from PIL import Image

from kerasad.data import mvtec
from kerasad.errors import InputError


def draw(path, value=128):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((4, 4), value, "uint8")).save(path)


@pytest.fixture
def category(tmp_path):
    for name in ("000", "001"):
        draw(tmp_path / "train" / "good" / f"{name}.png")
    draw(tmp_path / "test" / "good" / "000.png")
    for name in ("000", "001", "010"):
        draw(tmp_path / "test" / "crack" / f"{name}.png")
        draw(tmp_path / "ground_truth" / "crack" / f"{name}_mask.png")
    return tmp_path


def test_training_images_are_the_good_ones(category):
    samples = mvtec.training_samples(category)
    assert [s.path.name for s in samples] == ["000.png", "001.png"]
    assert {(s.defect, s.label, s.split) for s in samples} == {
        ("good", 0, "train")
    }


def test_masks_are_paired_by_name(category):
    samples = mvtec.test_samples(category)
    assert [s.defect for s in samples] == ["good"] + ["crack"] * 3
    assert samples[0].mask_paths == ()
    for sample in samples[1:]:
        (mask,) = sample.mask_paths
        assert mask.name == f"{sample.path.stem}_mask.png"


def test_a_plain_folder_holds_good_images(category):
    samples = mvtec.training_samples(category / "train" / "good")
    assert len(samples) == 2


def test_a_missing_mask_is_named(category):
    (category / "ground_truth" / "crack" / "001_mask.png").unlink()
    message = "001.png: its mask is missing; expected ground_truth/crack/001_m"
    with pytest.raises(InputError, match=message):
        mvtec.test_samples(category)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda f: None, "no such folder"),
        (lambda f: f.mkdir(), "no images; expected a folder of good images"),
        (lambda f: (f / "test").mkdir(parents=True), "train/good is missing"),
    ],
)
def test_nothing_to_learn_from(make, message, tmp_path):
    make(tmp_path / "category")
    with pytest.raises(InputError, match=message):
        mvtec.training_samples(tmp_path / "category")


def test_fingerprint_follows_names_and_contents(category):
    paths = [s.path for s in mvtec.training_samples(category)]
    before = mvtec.fingerprint(paths)
    assert mvtec.fingerprint(paths) == before
    draw(paths[0], value=129)
    assert mvtec.fingerprint(paths) != before


def test_the_real_capsule(capsule_folder):
    assert len(mvtec.training_samples(capsule_folder)) == 219
    samples = mvtec.test_samples(capsule_folder)
    assert len(samples) == 132
    assert sum(sample.label for sample in samples) == 109
