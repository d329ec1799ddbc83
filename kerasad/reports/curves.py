"""Losses over epochs as a PNG file."""

import numpy as np

from kerasad.reports.canvas import new_figure, save_png
from kerasad.reports.lettering import PLAIN, printable


def loss_curves(history: dict, path):
    """Losses over epochs, the best epoch marked, as a PNG.

    Args:
        history: name to one value an epoch. Names with `loss` in them are
            drawn; `val_loss`, or the first of them, decides which epoch is
            best. `learning_rate` gets its own axes. Others are ignored.
        path: of the PNG, replaced atomically.
    """
    history = {
        name: np.asarray(values, "float64")
        for name, values in history.items()
        if len(values)
    }
    losses = {name: v for name, v in history.items() if "loss" in name}
    if not losses:
        raise ValueError(
            "Argument `history` must hold a loss of at least one epoch. "
            f"Received: {list(history)}"
        )
    figure = new_figure((6.4, 4.2))
    if "learning_rate" in history:
        top, bottom = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1]}
        )
        draw_curves(bottom, {"learning_rate": history["learning_rate"]})
        bottom.set_ylabel("learning rate")
    else:
        top = bottom = figure.subplots()
    draw_curves(top, losses)
    mark_best(top, losses)
    top.set_ylabel("loss")
    for text in top.legend(frameon=False, fontsize=8).get_texts():
        text.set_parse_math(False)
    bottom.set_xlabel("epoch")
    figure.subplots_adjust(0.13, 0.11, 0.98, 0.97, hspace=0.08)
    save_png(figure, path)


def draw_curves(axes, curves):
    """Draws the losses by epoch, in a logarithmic scale where they fall far."""
    for name, values in curves.items():
        epochs = np.arange(1, len(values) + 1)
        marker = "." if len(values) < 30 else None
        axes.plot(
            epochs, values, marker=marker, lw=1.2, label=printable(name, 40)
        )
    values = np.concatenate(list(curves.values()))
    values = values[np.isfinite(values)]
    if values.size and 0 < values.min() and values.max() > 10 * values.min():
        axes.set_yscale("log")
    axes.grid(alpha=0.25, lw=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.get_major_locator().set_params(integer=True)


def mark_best(axes, losses):
    """Marks the epoch whose weights were kept."""
    name = "val_loss" if "val_loss" in losses else next(iter(losses))
    values = losses[name]
    if not np.isfinite(values).any():
        return
    best = int(np.nanargmin(np.where(np.isfinite(values), values, np.nan)))
    label = f"best {name} {values[best]:.4g}, epoch {best + 1}"
    axes.axvline(best + 1, color=PLAIN, lw=0.8, ls=":")
    axes.plot(best + 1, values[best], "o", ms=6, mfc="none", color=PLAIN)
    axes.lines[-1].set_label(printable(label, 60))
