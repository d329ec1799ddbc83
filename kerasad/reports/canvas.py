"""A Matplotlib canvas without a display."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kerasad.files import replacing

DPI = 100


def new_figure(size):
    """An empty figure, `size` in inches, that needs no display."""
    figure = Figure(size, dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save_png(figure, path):
    """Writes a figure beside and renames it into place."""
    with replacing(path) as beside:
        figure.savefig(beside, format="png", dpi=DPI)
