"""Properties of the reader: any mode, size and format, and any bytes."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from kerasad.data.decoding import SUFFIXES
from kerasad.data.images import read_image, read_mask
from kerasad.errors import InputError

QUICK = settings(max_examples=40, deadline=None, derandomize=True)
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F")
LOSSLESS = {
    ".png": {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"},
    ".tif": set(MODES),
    ".bmp": {"1", "L", "P", "RGB"},
    ".webp": {"RGB", "RGBA"},
}
sides = st.integers(1, 40)
seeds = st.integers(0, 2**32 - 1)


def picture(seed, height, width, mode):
    rng = np.random.default_rng(seed)
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 2**16, (height, width), "u2"))
    if mode == "F":
        return Image.fromarray(rng.random((height, width), "float32"))
    channels = {"LA": 2, "RGBA": 4, "CMYK": 4}.get(mode, 3)
    pixels = rng.integers(0, 256, (height, width, channels), "uint8")
    if mode in ("LA", "RGBA", "CMYK"):
        return Image.fromarray(pixels, mode)
    return Image.fromarray(pixels).convert(mode)


@QUICK
@given(
    seeds,
    sides,
    sides,
    st.sampled_from([(s, m) for s in LOSSLESS for m in sorted(LOSSLESS[s])]),
    st.none() | st.integers(1, 50),
)
def test_any_mode_is_rgb_of_the_size_asked_for(
    tmp_path_factory, seed, height, width, kind, size
):
    suffix, mode = kind
    path = tmp_path_factory.getbasetemp() / f"property{suffix}"
    image = picture(seed, height, width, mode)
    image.save(path, lossless=True)
    read = read_image(path, size)
    assert read.dtype == np.uint8
    shape = (height, width) if size is None else (size, size)
    assert read.shape == (*shape, 3)
    if mode in ("1", "L", "LA", "I;16", "F"):
        assert (read == read[..., :1]).all()
    whole = read_image(path)
    assert whole.min() <= read.min() and read.max() <= whole.max()
    if mode in ("1", "L", "P", "RGB"):
        np.testing.assert_array_equal(whole, np.asarray(image.convert("RGB")))


@QUICK
@given(st.binary(max_size=400), st.sampled_from(SUFFIXES))
@example(b"", ".png")
@example(b"II*\0\x08\0\0\0\xff\xff", ".tif")
@example(b"RIFF\0\0\0\0WEBPVP8 ", ".webp")
def test_any_bytes_are_an_image_or_refused(tmp_path_factory, content, suffix):
    path = tmp_path_factory.getbasetemp() / f"bytes{suffix}"
    path.write_bytes(content)
    refused_in_one_line(path)


@QUICK
@given(
    seeds,
    st.sampled_from(sorted(LOSSLESS)),
    st.floats(0, 1),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
)
def test_any_damage_is_read_or_refused(
    tmp_path_factory, seed, suffix, share, changes
):
    path = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    picture(seed, 12, 9, "RGB").save(path)
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[int(place * (len(content) - 1))] = value
    path.write_bytes(content[: int(share * len(content))])
    refused_in_one_line(path)


def refused_in_one_line(path):
    try:
        read = read_image(path, 8)
    except InputError as error:
        assert str(error).startswith(f"{path}: ")
        assert "\n" not in str(error)
    else:
        assert read.shape == (8, 8, 3) and read.dtype == np.uint8


@QUICK
@given(seeds, sides, sides, st.integers(1, 50), st.floats(0, 1))
def test_a_mask_is_nonzero_and_keeps_its_share(
    tmp_path_factory, seed, height, width, size, share
):
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 256, (height, width), "uint8")
    values *= rng.random((height, width)) < share
    path = tmp_path_factory.getbasetemp() / "mask.png"
    Image.fromarray(values).save(path)
    np.testing.assert_array_equal(read_mask(path), values > 0)
    small = read_mask(path, size)
    assert small.shape == (size, size) and small.dtype == bool
    if values.all() or not values.any():
        assert small.all() == values.all() and small.any() == values.any()
