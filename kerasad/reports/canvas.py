"""A Matplotlib canvas without a display, and text taken literally."""

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kerasad.files import replacing

DPI = 100
FONT = "DejaVu Sans"  # ships with matplotlib
PLAIN = "#333333"


def new_figure(size):
    figure = Figure(size, dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save_png(figure, path):
    with replacing(path) as beside:
        figure.savefig(beside, format="png", dpi=DPI)


def printable(text, most):
    """Text that the font can draw, shortened in its middle."""
    font = font_manager.get_font(font_manager.findfont(FONT))
    text = "".join(
        c if c.isprintable() and font.get_char_index(ord(c)) else "?"
        for c in str(text)
    )
    if len(text) > most:
        text = f"{text[: most // 2 - 1]}\u2026{text[-most // 2 :]}"
    return text


def plain_text():
    # A `$` in a file name is a dollar, not the start of a formula.
    return {"family": FONT, "parse_math": False, "usetex": False}
