"""Words on a Pillow image, taken literally."""

import functools
from pathlib import Path

from PIL import ImageFont

INCH, POINTS = 100, 72  # pixels and points
PLAIN = "#333333"
# A noncharacter: no font draws it, so it shows what a missing glyph looks like.
NOTHING = "\U0010ffff"


@functools.cache
def font_of(points, bold=False):
    """DejaVu Sans, which ships with Matplotlib, at 100 pixels an inch."""
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(matplotlib.get_data_path(), "fonts", "ttf", name)
    # The same letters whether or not Pillow was built with a shaper.
    plain = ImageFont.Layout.BASIC
    return ImageFont.truetype(path, points * INCH / POINTS, 0, "", plain)


def write(draw, place, text, points, anchor, fill=PLAIN, bold=False):
    """One line of text; `place` and `anchor` as in `ImageDraw.text`."""
    draw.text(place, text, fill, font_of(points, bold), anchor)


def printable(text, most):
    """Text that the font can draw, shortened in its middle."""
    text = "".join(
        c if c.isprintable() and drawn(c) else "?" for c in str(text)
    )
    if len(text) > most:
        text = f"{text[: most // 2 - 1]}\u2026{text[-most // 2 :]}"
    return text


@functools.cache
def drawn(character) -> bool:
    """Whether the font has a glyph for it."""
    return picture(character) != picture(NOTHING)


def picture(character):
    """Size, and grey values, of a character."""
    mask = font_of(9).getmask(character)
    return mask.size, bytes(mask)
