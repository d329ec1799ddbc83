import struct

import numpy as np
import pytest
from PIL import Image

from kerasad.data import images
from kerasad.errors import InputError


@pytest.fixture
def picture(rng):
    return rng.integers(0, 256, (6, 9, 3), dtype="uint8")


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".tiff", ".webp"])
def test_lossless_formats(picture, suffix, tmp_path):
    path = tmp_path / f"image{suffix}"
    Image.fromarray(picture).save(path, lossless=True)
    np.testing.assert_array_equal(images.read_image(path), picture)


def test_jpeg(tmp_path):
    flat = np.full((16, 16, 3), (200, 100, 50), "uint8")
    Image.fromarray(flat).save(tmp_path / "image.jpg", quality=95)
    read = images.read_image(tmp_path / "image.jpg")
    assert np.abs(read.astype(int) - flat).max() <= 3


def test_grey_is_repeated(picture, tmp_path):
    Image.fromarray(picture[..., 0]).save(tmp_path / "grey.png")
    read = images.read_image(tmp_path / "grey.png")
    np.testing.assert_array_equal(read, picture[..., :1].repeat(3, axis=2))


def test_transparent_pixels_show_a_white_ground(tmp_path):
    pixels = np.array([[[10, 20, 30, 0], [10, 20, 30, 255]]], "uint8")
    Image.fromarray(pixels).save(tmp_path / "alpha.png")
    read = images.read_image(tmp_path / "alpha.png")
    assert read.tolist() == [[[255, 255, 255], [10, 20, 30]]]


def test_palette(tmp_path):
    indexed = Image.fromarray(np.array([[0, 1]], "uint8"), mode="P")
    indexed.putpalette([255, 0, 0, 0, 0, 255])
    indexed.save(tmp_path / "palette.png")
    read = images.read_image(tmp_path / "palette.png")
    assert read.tolist() == [[[255, 0, 0], [0, 0, 255]]]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_grey_keeps_its_range(suffix, tmp_path):
    values = np.array([[0, 257, 25700, 65535]], "uint16")
    Image.fromarray(values).save(tmp_path / f"deep{suffix}")
    read = images.read_image(tmp_path / f"deep{suffix}")
    assert read[0, :, 0].tolist() == [0, 1, 100, 255]


def test_16_bit_rgb_tiff(tmp_path):
    import tifffile

    values = np.array([[[0, 25700, 65535]]], "uint16")
    tifffile.imwrite(tmp_path / "deep.tif", values, photometric="rgb")
    read = images.read_image(tmp_path / "deep.tif")
    assert read.tolist() == [[[0, 100, 255]]]


def test_exif_rotation_is_applied(picture, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    Image.fromarray(picture).save(tmp_path / "turned.png", exif=exif)
    read = images.read_image(tmp_path / "turned.png")
    np.testing.assert_array_equal(read, np.rot90(picture, -1))


def test_a_mask_turns_with_its_image(picture, tmp_path):
    """Orientations 6 and 8 swap the sides; masks were drawn on raw pixels."""
    raw = picture[..., 0] > 128
    mask = tmp_path / "mask.png"
    Image.fromarray(raw).save(mask)
    for orientation, turns in ((6, -1), (8, 1)):
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}.png"
        Image.fromarray(picture).save(path, exif=exif)
        sides = images.read_image(path).shape[:2]
        read = images.read_upright_mask(mask, path, sides)
        np.testing.assert_array_equal(read, np.rot90(raw, turns))


@pytest.mark.parametrize("alpha", [0, 255])
def test_the_fourth_byte_of_a_bmp_may_be_padding(picture, alpha, tmp_path):
    height, width = picture.shape[:2]
    full = np.full((height, width, 4), alpha, "uint8")
    full[..., :3] = picture[::-1, :, ::-1]  # rows from below, BGRA
    masks = 0xFF0000, 0xFF00, 0xFF, 0xFF000000  # the last: there is alpha
    header = struct.pack(
        "<IiiHHIIiiII4I", 108, width, height, 1, 32, 3, full.nbytes,
        0, 0, 0, 0, *masks,
    ).ljust(108, b"\0")  # fmt: skip
    start = struct.pack("<2sIII", b"BM", 122 + full.nbytes, 0, 122)
    path = tmp_path / "image.bmp"
    path.write_bytes(start + header + full.tobytes())
    with Image.open(path) as image:
        assert image.mode == "RGBA"
    np.testing.assert_array_equal(images.read_image(path), picture)


def test_every_defect_keeps_a_pixel():
    mask = np.zeros((64, 64), bool)
    mask[:32, :32] = True
    mask[50, 50] = mask[60, 3] = True  # two specks
    small, kept = images.shrunk_mask(mask, 8)
    assert kept == 2
    assert small[:4, :4].all() and small[6, 6] and small[7, 0]
    assert small.sum() == 18


def test_resizing(picture, tmp_path):
    Image.fromarray(picture).save(tmp_path / "image.png")
    assert images.read_image(tmp_path / "image.png", 4).shape == (4, 4, 3)


def test_mask_is_resized_by_area(tmp_path):
    mask = np.zeros((8, 8), "uint8")
    mask[:3, :4] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    assert images.read_mask(tmp_path / "mask.png").sum() == 12
    small = images.read_mask(tmp_path / "mask.png", 4)
    assert small[0, :2].all() and small[1, :2].all()  # half covered counts
    assert small.sum() == 4


def test_images_are_cached_as_bytes(picture, tmp_path):
    for name in "ab":
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
    cached = images.load_images(sorted(tmp_path.glob("?.png")), 16)
    assert cached.dtype == np.uint8 and cached.nbytes == 2 * 16 * 16 * 3


@pytest.mark.parametrize(
    "content", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n"]
)
def test_a_broken_file_is_named(content, tmp_path):
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match="broken.png: not a readable image"):
        images.read_image(path)


def test_a_truncated_file_is_refused(picture, tmp_path):
    path = tmp_path / "cut.png"
    Image.fromarray(np.tile(picture, (20, 20, 1))).save(path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(InputError, match="cut.png: not a readable image"):
        images.read_image(path)


def test_too_many_pixels_are_refused(picture, tmp_path, monkeypatch):
    Image.fromarray(picture).save(tmp_path / "image.png")
    monkeypatch.setenv("KERASAD_MAX_PIXELS", "53")
    with pytest.raises(InputError, match="9 x 6 pixels are more than the 53"):
        images.read_image(tmp_path / "image.png")
