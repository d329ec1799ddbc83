"""Masks of `predict --masks coco`, decoded by somebody else's code."""

import json

import numpy as np
import pytest
from PIL import Image

import kerasad
from kerasad.coco import CocoFile, compressed, counts_of
from kerasad.errors import InputError
from tests.cli.conftest import run
from tests.runtime.conftest import made  # noqa: F401


def decoded(segmentation):
    """The mask of a compressed RLE, character by character."""
    counts, value, shift = [], 0, 0
    for character in segmentation["counts"]:
        digit = ord(character) - 48
        value |= (digit & 31) << shift
        shift += 5
        if digit & 32:
            continue
        if digit & 16:
            value -= 1 << shift
        if len(counts) > 2:
            value += counts[-2]
        counts.append(value)
        value = shift = 0
    flat = np.repeat(np.arange(len(counts)) % 2, counts)
    return flat.reshape(segmentation["size"], order="F").astype(bool)


def test_masks_are_the_map_over_its_threshold(made, tmp_path):  # noqa: F811
    result = run("predict", made / "detector.keras", made / "photos",
                 "--masks=coco", "--out", tmp_path / "o")  # fmt: skip
    assert result.exit_code == 2  # of the broken photo
    content = json.loads((tmp_path / "o" / "coco.json").read_text())
    assert content["categories"] == [{"id": 1, "name": "anomaly"}]
    detector = kerasad.load(made / "detector.keras")
    limit = detector.pixel_threshold["threshold"]
    assert [image["id"] for image in content["images"]] == [1, 2, 3, 4]
    for image in content["images"]:
        photo = Image.open(image["file_name"]).convert("RGB")
        assert photo.size == (image["width"], image["height"])
        values = detector.predict([detector.fitting(photo)])["anomaly_map"][0]
        values = np.asarray(
            Image.fromarray(values).resize(photo.size, Image.BILINEAR)
        )
        whole = np.zeros(values.shape, int)
        for one in content["annotations"]:
            if one["image_id"] != image["id"]:
                continue
            mask = decoded(one["segmentation"])
            whole += mask
            y, x = np.nonzero(mask)
            box = [x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1]
            assert one["bbox"] == box and one["area"] == mask.sum()
            assert one["score"] == pytest.approx(values[mask].max(), rel=1e-4)
        clear = np.abs(values - limit) > 1e-3 * abs(limit)
        np.testing.assert_array_equal(whole[clear], (values > limit)[clear])
    assert content["annotations"]


@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_another_decoder_agrees(made, tmp_path):  # noqa: F811
    tools = pytest.importorskip("pycocotools.mask")
    run("predict", made / "detector.keras", made / "photos",
        "--masks=coco", "--maps", tmp_path)  # fmt: skip
    content = json.loads((tmp_path / "coco.json").read_text())
    for one in content["annotations"]:
        segmentation = one["segmentation"]
        mask = tools.decode(segmentation).astype(bool)
        np.testing.assert_array_equal(mask, decoded(segmentation))
        assert tools.area(segmentation) == one["area"]
        assert tools.toBbox(segmentation).tolist() == one["bbox"]


@pytest.mark.parametrize("density", [0.0, 0.2, 0.9, 1.0])
def test_any_mask_comes_back(rng, density):
    for _ in range(20):
        height, width = rng.integers(1, 40, 2)
        whole = np.zeros((60, 50), bool)
        top, left = rng.integers(0, (60 - height, 50 - width), endpoint=True)
        mask = rng.uniform(size=(height, width)) < density
        whole[top : top + height, left : left + width] = mask
        counts = counts_of(mask, left, top, *whole.shape)
        assert sum(counts) == whole.size and 0 not in counts[1:]
        rle = {"size": list(whole.shape), "counts": compressed(counts)}
        np.testing.assert_array_equal(decoded(rle), whole)


def test_full_height_runs_go_on():
    """A column's foot and the next one's head are one run."""
    assert counts_of(np.ones((4, 2), bool), 1, 0, 4, 3) == [4, 8]
    assert counts_of(np.ones((4, 3), bool), 0, 0, 4, 3) == [0, 12]


def test_what_goes_with_what(made, tmp_path):  # noqa: F811
    arguments = ("predict", made / "detector.keras", made / "photos")
    result = run(*arguments, "--masks=coco")
    assert "--masks goes with --out, --results or --maps" in result.stderr
    results = tmp_path / "scores"
    run(*arguments, "--results", results)
    result = run(*arguments, "--results", results, "--masks=coco")
    assert result.exit_code == 2
    assert "holds results without masks" in result.stderr.splitlines()[-1]
    assert not (results / "coco.json").exists()


def test_a_file_a_shard(made, tmp_path):  # noqa: F811
    images = 0
    for shard in ("1/2", "2/2"):
        run("predict", made / "detector.keras", made / "photos", "--shard",
            shard, "--results", tmp_path, "--masks=coco")  # fmt: skip
        name = f"{shard.replace('/', '-of-')}.coco.json"
        content = json.loads((tmp_path / name).read_text())
        images += len(content["images"])
    assert images == 4


def test_nothing_half_written(tmp_path):
    with pytest.raises(InputError):
        with CocoFile(tmp_path / "coco.json") as file:
            file.add({"path": "a.png", "masks": {"width": 2, "height": 1,
                                                 "of": []}})  # fmt: skip
            file.add({"path": "b.png"})
    assert list(tmp_path.iterdir()) == []
