"""A Matplotlib canvas without a display."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kerasad.files import replacing

DPI = 100


def new_figure(size):
    figure = Figure(size, dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save_png(figure, path):
    with replacing(path) as beside:
        figure.savefig(beside, format="png", dpi=DPI)
