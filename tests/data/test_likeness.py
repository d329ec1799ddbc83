import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.guarantee import draw_part as part
from kerasad.capsules import builtin_capsules
from kerasad.data.images import read_image
from kerasad.data.layouts import open_category
from kerasad.data.likeness import Fingerprints, fingerprint, noise_level
from kerasad.unaligned import CATEGORIES


def marks_of(photos):
    return Fingerprints.of([fingerprint(photo) for photo in photos])


def jpeg(photo, quality):
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def smaller(photo):
    height, width = (side * 2 // 3 for side in photo.shape[:2])
    return np.asarray(Image.fromarray(photo).resize((width, height)))


@pytest.fixture(scope="module")
def parts():
    return [part(number) for number in range(12)]


@pytest.mark.parametrize(
    "change",
    [np.copy, smaller, lambda x: jpeg(x, 75), lambda x: jpeg(x, 95)],
    ids=["the file", "smaller", "JPEG 75", "JPEG 95"],
)
def test_a_copy_is_known_and_a_new_part_is_not(change, parts):
    copies = marks_of([change(photo) for photo in parts])
    known = marks_of(parts[:6])
    expected = [0, 1, 2, 3, 4, 5, -1, -1, -1, -1, -1, -1]
    assert copies.copies_in(known).tolist() == expected


def test_frames_of_a_part_are_a_group():
    frames = [part(number, frame) for number in range(4) for frame in range(3)]
    marks = marks_of(frames)
    assert marks.groups().tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert (marks.same(marks) == np.arange(12)).all()
    assert not marks.repeated().any()


def test_equal_pixels_are_repeated_and_no_others(parts):
    marks = marks_of([parts[1], parts[0], parts[1], parts[1]])
    assert marks.repeated().tolist() == [False, False, True, True]
    turned = marks_of([parts[0], parts[0].transpose(1, 0, 2)])
    assert not turned.repeated().any()


def test_in_blocks_as_by_hand(rng, monkeypatch):
    """The matrix product against differences, and block by block."""
    photos = [part(n, frame) for n in range(3) for frame in range(3)]
    photos += list(rng.integers(256, size=(3, 96, 96, 3), dtype="uint8"))
    marks = marks_of(photos)
    difference = marks.thumbs[:, None] - marks.thumbs[None]
    distance = np.square(difference.astype("float64")).mean(axis=-1)
    limit = np.add.outer(marks.tolerance**2, marks.tolerance**2)
    for rows in (512, 5, 1):
        monkeypatch.setattr("kerasad.data.likeness.ROWS", rows)
        near = np.concatenate([block for _, block in marks.blocks(marks)])
        np.testing.assert_array_equal(near, distance <= limit)


def test_a_text_keeps_them(parts):
    marks = marks_of(parts)
    text = marks[:5].to_text() + marks[5:].to_text()
    for name in ("digests", "thumbs", "tolerance"):
        found = getattr(Fingerprints.from_text(text), name)
        np.testing.assert_array_equal(found, getattr(marks, name))
    assert len(Fingerprints.from_text("")) == 0
    assert Fingerprints.from_text("").copies_in(marks).size == 0
    assert (marks.copies_in(marks[:0]) == -1).all()


@pytest.mark.parametrize("sigma", [1.0, 3.0, 6.0])
def test_noise_is_measured_on_edges_too(sigma, rng):
    grey = np.zeros((101, 90), "float32")
    grey[30:60, 20:50] = 200.0
    noisy = grey + rng.normal(0.0, sigma, grey.shape).astype("float32")
    assert noise_level(noisy) == pytest.approx(sigma, rel=0.1)
    assert noise_level(grey) == 0.0
    assert noise_level(grey[:1, :1]) == 0.0


def good_of(folder):
    samples = open_category(folder).train
    return [read_image(sample.path) for sample in samples]


@pytest.mark.parametrize("kind", [None, *CATEGORIES])
def test_good_parts_of_a_kind_are_not_copies(kind, tmp_path):
    """As alike as they are: what would be one group could not be split."""
    folder = tmp_path / "parts"
    if kind is None:
        folder = builtin_capsules(64)
    else:
        write = CATEGORIES[kind].write_category
        defects = dict.fromkeys(CATEGORIES[kind].DEFECTS, 0)
        write(folder, size=64, train=60, good=1, defects=defects)
    groups = marks_of(good_of(folder)).groups()
    assert len(np.unique(groups)) == len(groups)


def test_real_capsules_are_not_copies(capsule_folder):
    marks = marks_of(good_of(capsule_folder))
    assert len(np.unique(marks.groups())) == 219
    test = open_category(capsule_folder).test
    new = marks_of([read_image(sample.path) for sample in test])
    assert (new.copies_in(marks) == -1).all()
