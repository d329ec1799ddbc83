import subprocess
import sys

import numpy as np
import pytest
from matplotlib import colormaps

from kerasad.reports import colours, figures, lettering, panels

SHARES = np.random.default_rng(0).random(2000)


def test_the_colours_are_matplotlibs():
    shares = np.concatenate([SHARES, [0.0, 1.0, 0.5, 255 / 256]])
    heat = colours.heat_colours(shares)
    expected = colormaps["cool"](shares)[:, :3]
    np.testing.assert_allclose(heat[:, :3], expected, atol=1e-12)
    assert heat[-4:, 3] == pytest.approx([0, 0.8, 0.8 / 8**0.5, 0.7953], 1e-3)
    expected = colormaps["inferno"](shares, bytes=True)[:, :3]
    difference = colours.map_colours(shares).astype(int) - expected
    assert np.abs(difference).max() <= 1  # it rounds bytes down


@pytest.mark.parametrize(
    "low, high, expected",
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-0.5, 0.4, [-0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4]),
        (1234.0, 5678.0, [1500 + 500 * i for i in range(9)]),
        (3.0, 3.0, [3.0]),
        (3.0, 2.0, [3.0]),
    ],
)
def test_ticks(low, high, expected):
    assert panels.ticks(low, high) == pytest.approx(expected)


def test_ticks_of_any_scale_are_few_and_inside():
    rng = np.random.default_rng(0)
    for _ in range(500):
        low = rng.normal() * 10.0 ** rng.integers(-6, 6)
        high = low + rng.random() * 10.0 ** rng.integers(-3, 6)
        found = np.array(panels.ticks(low, high))
        assert 2 <= len(found) <= panels.TICKS + 1
        margin = 1e-6 * (high - low)
        assert found[0] >= low - margin and found[-1] <= high + margin


def test_the_scale_runs_from_bottom_to_top():
    from PIL import Image

    page = Image.new("RGB", (60, 120), "white")
    panels.draw_scale(page, (5, 10), (9, 100), 0.0, 1.0)
    bar = np.asarray(page).astype(int)[10:110, 8].sum(-1)
    assert (np.diff(bar) <= 12).all() and bar[0] > bar[-1] + 300
    assert (np.asarray(page)[:, 20:] < 128).any()  # numbers beside it


def test_words_that_the_font_lacks():
    assert lettering.printable("a\u6f22\u00e9\n$_{", 40) == "a?\u00e9?$_{"
    assert lettering.printable("x" * 50, 10) == "xxxx\u2026xxxxx"


@pytest.mark.parametrize("shape", [(40, 60), (60, 40)])
def test_the_outline_lies_around_the_defect(shape):
    from PIL import Image

    page = Image.new("RGB", (80 * shape[1] // 40, 80 * shape[0] // 40))
    mask = np.zeros(shape, bool)
    mask[10:20, 15:30] = True
    panels.draw_outline(page, (0, 0), page.size, mask)
    drawn = np.asarray(page)[..., 1] > 100
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    # Twice as large, and a pixel of the mask beyond it.
    near = pytest.approx([17, 42, 27, 62], abs=2)
    assert [rows[0], rows[-1], columns[0], columns[-1]] == near
    assert not drawn[24:36, 34:56].any()


def test_overlays_need_no_matplotlib(tmp_path):
    code = (
        "import sys, numpy as np\n"
        "from kerasad.reports.figures import overlay, write_image\n"
        "image = overlay(np.zeros((8, 8, 3), 'uint8'), np.eye(8), 0.0, 1.0)\n"
        "write_image(sys.argv[1], image)\n"
        "sys.exit('matplotlib' in sys.modules or 'skimage' in sys.modules)"
    )
    path = str(tmp_path / "a.png")
    subprocess.run([sys.executable, "-c", code, path], check=True)


def test_a_figure_in_a_moment(tmp_path):
    import time

    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (256, 256, 3)).astype("uint8")
    mask = np.zeros((256, 256), bool)
    mask[90:120, 80:160] = True
    row = {"image": image, "reconstruction": None, "mask": mask,
           "anomaly_map": rng.random((256, 256)), "vmin": 0.0, "vmax": 1.0,
           "score": 1.0, "threshold": 2.0, "is_anomalous": False,
           "title": "a"}  # fmt: skip
    figures.gallery_figure([row], tmp_path / "a.png")  # loads the font
    started = time.process_time()
    for _ in range(5):
        figures.gallery_figure([row], tmp_path / "a.png")
    # 0.02 s a figure, of Matplotlib 0.13 s: it made 132 take half a minute.
    assert time.process_time() - started < 5 * 0.08
