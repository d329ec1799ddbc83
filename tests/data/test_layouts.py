"""Folders as people have them, each drawn small: which image is what."""

import numpy as np
import pytest
from PIL import Image

from kerasad.data.category import fingerprint, read_sample
from kerasad.data.flaws import overview
from kerasad.data.layouts import LAYOUTS, open_category
from kerasad.errors import InputError


def draw(path, value=128, shape=(12, 12)):
    """A picture with a dark spot, lest it look like a mask."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full(shape, value, "uint8")
    pixels[0, :4] = 0, 40, 80, 120
    Image.fromarray(pixels).save(path)


def mark(path, value=255, rows=slice(2, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros((12, 12), "uint8")
    mask[rows, 2:4] = value
    Image.fromarray(mask).save(path)


@pytest.fixture
def category(tmp_path):
    for name in ("000", "001"):
        draw(tmp_path / "train" / "good" / f"{name}.png")
    draw(tmp_path / "test" / "good" / "000.png")
    for name in ("000", "001", "010"):
        draw(tmp_path / "test" / "crack" / f"{name}.png")
        mark(tmp_path / "ground_truth" / "crack" / f"{name}_mask.png")
    return tmp_path


def names(samples):
    return [sample.path.name for sample in samples]


def test_mvtec_ad(category):
    found = open_category(category)
    assert found.layout.startswith("MVTec AD: train/good")
    assert names(found.train) == ["000.png", "001.png"]
    assert [sample.defect for sample in found.test] == ["good"] + ["crack"] * 3
    assert [sample.label for sample in found.test] == [0, 1, 1, 1]
    assert found.test[0].mask_paths == ()
    for sample in found.test[1:]:
        assert names_of_masks(sample) == [f"{sample.path.stem}_mask.png"]


def names_of_masks(sample):
    return [path.name for path in sample.mask_paths]


def mvtec_ad_2(root):
    draw(root / "train/good/000_regular.png")
    draw(root / "validation/good/000_regular.png")
    draw(root / "test_public/good/000_regular.png")
    draw(root / "test_public/bad/000_regular.png")
    mark(root / "test_public/ground_truth/bad/000_regular_mask.png")


def mvtec_loco(root):
    draw(root / "train/good/000.png")
    draw(root / "validation/good/000.png")
    draw(root / "test/good/000.png")
    draw(root / "test/logical_anomalies/000.png")
    truth = root / "ground_truth/logical_anomalies/000"
    mark(truth / "000.png")
    mark(truth / "001.png", rows=slice(6, 8))


def btad(root):
    draw(root / "train/ok/0000.bmp")
    draw(root / "test/ok/0000.bmp")
    draw(root / "test/ko/0000.bmp")
    mark(root / "ground_truth/ko/0000.png")


def visa(root):
    for name in ("000", "001"):
        draw(root / f"Data/Images/Normal/{name}.JPG")
    draw(root / "Data/Images/Anomaly/000.JPG")
    mark(root / "Data/Masks/Anomaly/000.png", value=2)
    table = root.parent / "split_csv" / "1cls.csv"
    table.parent.mkdir()
    image = f"{root.name}/Data/Images"
    table.write_text(
        "object,split,label,image,mask\n"
        f"{root.name},train,normal,{image}/Normal/000.JPG,\n"
        f"{root.name},test,normal,{image}/Normal/001.JPG,\n"
        f"{root.name},test,anomaly,{image}/Anomaly/000.JPG,"
        f"{root.name}/Data/Masks/Anomaly/000.png\n"
    )


def visa_converted(root):
    draw(root / "train/good/0000.JPG")
    draw(root / "test/good/0000.JPG")
    draw(root / "test/bad/000.JPG")
    mark(root / "ground_truth/bad/000.png", value=3)


def kolektor_sdd2(root):
    for split in ("train", "test"):
        for number, rows in ((10000, slice(0, 0)), (10001, slice(2, 4))):
            draw(root / split / f"{number}.png")
            mark(root / split / f"{number}_GT.png", rows=rows)


DRAWN = {f.__name__: f for f in (mvtec_ad_2, mvtec_loco, btad, visa,
                                 visa_converted, kolektor_sdd2)}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_layout(name, tmp_path):
    root = tmp_path / "part"
    DRAWN[name](root)
    found = open_category(root)
    assert found.layout.startswith(LAYOUTS[name].TITLE)
    assert len(found.train) == 1
    assert len(found.validation) == (name in ("mvtec_ad_2", "mvtec_loco"))
    assert [sample.label for sample in found.test] == [0, 1]
    _, mask = read_sample(found.test[1])
    assert mask.sum() == (8 if name == "mvtec_loco" else 4)


def test_the_labels_of_kolektor_sdd2_are_told_of(tmp_path):
    kolektor_sdd2(tmp_path)
    told = "; the 4 images *_GT are read as labels, not as photos"
    assert open_category(tmp_path).layout.endswith(told)
    draw(tmp_path / "test" / "10001.jpg")
    with pytest.raises(InputError, match="_GT.png: is the mask of two images"):
        open_category(tmp_path).samples("test")


def test_not_every_bad_is_that_of_visa(tmp_path):
    visa_converted(tmp_path)
    mark(tmp_path / "ground_truth/bad/000.png")  # of 255
    assert open_category(tmp_path).layout == LAYOUTS["mvtec_ad"].TITLE


def test_flaws_of_visa_are_told_from_beside_it(tmp_path, monkeypatch):
    visa(tmp_path / "candle")
    monkeypatch.chdir(tmp_path)
    category = open_category("candle")
    _, warnings = overview(category, category.train + category.test)
    (line,) = (each for each in warnings if "test images" in each)
    assert line.startswith("2 test images are among the good images, or near")
    assert "such as Data/Images/Normal/001.JPG" in line


def test_good_and_bad_folders_without_masks(tmp_path):
    for index in range(20):
        draw(tmp_path / "OK" / f"{index}.png")
        draw(tmp_path / "NG" / f"{index}.png")
    found = open_category(tmp_path)
    assert len(found.train) + sum(not s.label for s in found.test) == 20
    assert sum(sample.label for sample in found.test) == 20
    assert found.test[-1].mask_paths is None
    assert read_sample(found.test[-1])[1] is None


def test_visa_and_its_table_of_splits(tmp_path):
    root = tmp_path / "candle"
    rows = ["object,split,label,image,mask"]
    for index, (split, label) in enumerate(
        [("train", "normal"), ("test", "normal"), ("test", "anomaly")]
    ):
        image, mask = f"candle/Data/Images/{index}.JPG", ""
        draw(tmp_path / image)
        if label == "anomaly":
            mask = f"candle/Data/Masks/{index}.png"
            mark(tmp_path / mask, value=3)  # the number of a kind of defect
        rows.append(f"candle,{split},{label},{image},{mask}")
    with pytest.raises(InputError, match="1cls.csv: no such file"):
        open_category(root).samples("train")
    (tmp_path / "split_csv").mkdir()
    table = tmp_path / "split_csv" / "1cls.csv"
    table.write_text("\n".join([*rows, "other,train,normal,x.JPG,"]))
    found = open_category(root)
    assert names(found.train) == ["0.JPG"]
    assert [sample.label for sample in found.test] == [0, 1]
    assert read_sample(found.test[1])[1].sum() == 4
    table.write_text("image,label\n")
    with pytest.raises(InputError, match="expected the columns image, label"):
        open_category(root).samples("train")


def test_two_layouts_at_once_are_refused_until_one_is_named(tmp_path):
    mvtec_ad_2(tmp_path)
    draw(tmp_path / "OK" / "0.png")
    draw(tmp_path / "NG" / "0.png")
    with pytest.raises(InputError, match="--layout mvtec_ad_2 or good_and_bad"):
        open_category(tmp_path)
    found = open_category(tmp_path, "mvtec_ad_2")
    assert found.layout == LAYOUTS["mvtec_ad_2"].TITLE


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_named_layout_reads_or_says_what_is_missing(name, category):
    found = open_category(category, name)
    for split in ("train", "test"):
        try:
            assert found.samples(split)
        except InputError as error:
            assert str(error).startswith(str(category.resolve().parent))


def test_a_folder_of_categories_is_not_trained_on(category):
    with pytest.raises(InputError, match="holds a folder 'ground_truth'"):
        open_category(category.parent, "plain").samples("train")


def test_a_plain_folder_and_what_lies_below(tmp_path):
    draw(tmp_path / "a.png")
    draw(tmp_path / "lot_2" / "b.png")
    (tmp_path / "scan.xyz").write_bytes(b"?")
    found = open_category(tmp_path)
    assert names(found.train) == ["a.png", "b.png"]
    assert found.remarks == [
        "1 file is of no known format and left out, such as scan.xyz"
    ]


def test_every_page_is_an_image(tmp_path):
    pages = [Image.fromarray(np.full((8, 8), v, "uint8")) for v in (90, 120)]
    pages[0].save(tmp_path / "s.tif", save_all=True, append_images=pages[1:])
    found = open_category(tmp_path)
    assert [sample.page for sample in found.train] == [0, 1]
    values = [int(read_sample(sample)[0].max()) for sample in found.train]
    assert values == [90, 120]


def test_labels_beside_the_photos_are_not_trained_on(tmp_path):
    for index in range(3):
        draw(tmp_path / f"{index}.png")
        mark(tmp_path / f"{index}_GT.png", rows=slice(0, 0))
    (tmp_path / "train").mkdir()  # neither KolektorSDD2 nor MVTec
    found = open_category(tmp_path, layout="plain")
    assert names(found.train) == ["0.png", "1.png", "2.png"]
    assert found.remarks == ["3 label images are left out, such as 0_GT.png"]


@pytest.mark.parametrize("name", ["0_mask.png", "0_label.jpg", "0.bmp"])
def test_a_label_is_known_by_its_name_or_its_two_values(name, tmp_path):
    draw(tmp_path / "0.png")
    if "_" in name:  # soft edges, as JPEG and antialiasing leave them
        draw(tmp_path / name, value=0)
    else:
        mark(tmp_path / name)
    draw(tmp_path / "1.png")
    draw(tmp_path / "1.jpg")  # a photo, too
    draw(tmp_path / "2_mask.png")  # of nothing: a photo
    found = open_category(tmp_path)
    assert names(found.train) == ["0.png", "1.jpg", "1.png", "2_mask.png"]
    assert found.remarks == [f"1 label image is left out, such as {name}"]


def test_a_missing_mask_is_named(category):
    (category / "ground_truth" / "crack" / "001_mask.png").unlink()
    message = "001.png: its mask is missing; expected ground_truth/crack/001_m"
    with pytest.raises(InputError, match=message):
        open_category(category).samples("test")
    assert open_category(category).samples("train")


def test_one_mask_of_two_images_is_refused(category):
    draw(category / "test" / "crack" / "000.jpg")
    with pytest.raises(InputError, match="is the mask of two images"):
        open_category(category).samples("test")


def test_a_small_defect_does_not_vanish(category):
    mark(category / "ground_truth/crack/000_mask.png", rows=slice(2, 3))
    sample = open_category(category).test[1]
    assert read_sample(sample)[1].sum() == 2
    assert read_sample(sample, 3)[1].sum() == 1


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
        open_category(tmp_path / "category").samples("train")


def test_an_unknown_layout_is_refused(category):
    with pytest.raises(InputError, match="'mvtec'; there are mvtec_ad_2, mv"):
        open_category(category, layout="mvtec")


def test_fingerprint_follows_names_and_contents(category):
    paths = [sample.path for sample in open_category(category).train]
    before = fingerprint(paths)
    assert fingerprint(paths) == before
    draw(paths[0], value=129)
    assert fingerprint(paths) != before


def test_the_real_capsule(capsule_folder):
    found = open_category(capsule_folder)
    assert len(found.train) == 219
    assert len(found.test) == 132
    assert sum(sample.label for sample in found.test) == 109
