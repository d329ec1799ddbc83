"""Pictures of results as PNG files, without a display or global state."""

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from PIL import Image
from scipy import ndimage

from kerasad.files import replacing
from kerasad.reports.canvas import (
    PLAIN,
    new_figure,
    plain_text,
    printable,
    save_png,
)

COLORS = "inferno"  # of anomaly maps, dark = normal
OVERLAY = "cool"  # cyan to magenta: rare in photographs of products
GOOD, BAD = "#1a7f37", "#c62828"
OUTLINE = "#7dff00"  # ground truth
PANEL, GAP, SIDE, BAR, TEXT, HEAD = 2.3, 0.08, 0.1, 0.62, 0.3, 0.22  # inches


def gallery_figure(rows: list[dict], path):
    """Test images, one a row: input, reconstruction, map, overlay.

    Args:
        rows: list of dicts: `image`, uint8 `(height, width, 3)`;
            `reconstruction`, the same or `None`; `anomaly_map`, float
            `(height, width)`, whose size may differ; `mask`, bool, outlined
            on the overlay, or `None`; `score` and `threshold` of the image;
            `is_anomalous`; `title`, any text, taken literally; `vmin` and
            `vmax`, the ends of the colour scale: take them from calibration
            images, the same for all figures, or they cannot be compared;
            and, if known, `label`, 0 normal, 1 anomalous, which says whether
            the decision is right (else what `mask` says).
        path: of the PNG, replaced atomically.
    """
    if not rows:
        raise ValueError("Argument `rows` must hold at least one image.")
    names = ["input", "reconstruction", "anomaly map", "overlay"]
    if all(row["reconstruction"] is None for row in rows):
        names.remove("reconstruction")
    bar = names.index("anomaly map")

    # A strip is shown wider, as large as a square.
    widest = max(row["image"].shape[1] / row["image"].shape[0] for row in rows)
    panel = PANEL * max(1.0, widest**0.5)
    tops, y = [], HEAD
    for row in rows:
        height, width = row["image"].shape[:2]
        tops.append(y)
        y += TEXT + panel * height / width + GAP
    size = (2 * SIDE + len(names) * (panel + GAP) - GAP + BAR, y)
    figure = new_figure(size)

    def axes_at(x, top, width, height):
        box = [x / size[0], 1 - (top + height) / size[1]]
        return figure.add_axes([*box, width / size[0], height / size[1]])

    def write(x, top, text, **kwargs):
        x, y = x / size[0], 1 - (top + TEXT / 2) / size[1]
        figure.text(x, y, text, va="center", **plain_text(), **kwargs)

    left = [
        SIDE + i * (panel + GAP) + (BAR if i > bar else 0)
        for i in range(len(names))
    ]
    for x, name in zip(left, names, strict=True):
        write(x + panel / 2, 0, name, ha="center", fontsize=8, color=PLAIN)
    for row, top in zip(rows, tops, strict=True):
        words, color = decision(row)
        title = printable(row["title"], 40)
        write(left[0], top, title, fontsize=9, weight="bold")
        write(size[0] - SIDE, top, words, fontsize=9, color=color, ha="right")
        height = panel * row["image"].shape[0] / row["image"].shape[1]
        for x, name in zip(left, names, strict=True):
            axes = axes_at(x, top + TEXT, panel, height)
            draw_panel(axes, name, row)
        scale = axes_at(left[bar] + panel + 0.05, top + TEXT, 0.09, height)
        draw_scale(figure, scale, row)
    save_png(figure, path)


def overlay(image, anomaly_map, vmin: float, vmax: float, opacity=0.8):
    """The image with its anomaly map laid over it, uint8 as the image.

    Opacity grows from nothing at `vmin` to `opacity` at `vmax`. A map of
    another size is resized to the image.

    >>> image = np.zeros((4, 4, 3), "uint8")
    >>> int(overlay(image, np.zeros((2, 2)), vmin=0.0, vmax=1.0).max())
    0
    """
    height, width = image.shape[:2]
    values = np.asarray(anomaly_map, "float32")
    if values.shape != (height, width):
        resized = Image.fromarray(values).resize(
            (width, height), Image.Resampling.BILINEAR
        )
        values = np.asarray(resized)
    values = np.clip((values - vmin) / max(vmax - vmin, 1e-12), 0.0, 1.0)
    colors = 255 * colormaps[OVERLAY](values)[..., :3]
    alpha = opacity * values[..., None] ** 1.5  # normal noise fades
    return np.rint((1 - alpha) * image + alpha * colors).astype("uint8")


def write_image(path, image):
    """Writes a uint8 image as PNG, replaced atomically."""
    with replacing(path) as beside:
        Image.fromarray(image).save(beside, format="png")


def decision(row):
    """The decision in words and the colour that says if it is right."""
    flagged, label, mask = row["is_anomalous"], row.get("label"), row["mask"]
    if label is None and mask is not None:
        label = bool(np.any(mask))
    sign = ">" if flagged else "\u2264"
    score, threshold = f"{row['score']:.4g}", f"{row['threshold']:.4g}"
    if score == threshold:  # the difference is beyond four digits
        score, threshold = f"{row['score']:.9g}", f"{row['threshold']:.9g}"
    words = "anomalous" if flagged else "normal"
    words = f"{words}: score {score} {sign} threshold {threshold}"
    if label is None:
        return words, PLAIN
    outcome = {
        (True, True): "defect found",
        (True, False): "false alarm",
        (False, True): "defect missed",
        (False, False): "rightly passed",
    }[bool(flagged), bool(label)]
    right = bool(flagged) == bool(label)
    return f"{words}, {outcome}", GOOD if right else BAD


def draw_panel(axes, name, row):
    axes.set_axis_off()
    height, width = row["image"].shape[:2]
    where = {"extent": (0, width, height, 0), "aspect": "auto"}
    if name == "input":
        axes.imshow(row["image"], **where)
    elif name == "reconstruction" and row["reconstruction"] is not None:
        axes.imshow(row["reconstruction"], **where)
    elif name == "anomaly map":
        limits = {"vmin": row["vmin"], "vmax": row["vmax"]}
        axes.imshow(row["anomaly_map"], cmap=COLORS, **limits, **where)
    elif name == "overlay":
        shown = overlay(
            row["image"], row["anomaly_map"], row["vmin"], row["vmax"]
        )
        axes.imshow(shown, **where)
        draw_outline(axes, row["mask"], width, height)
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)


def draw_outline(axes, mask, width, height):
    if mask is None or not np.any(mask):
        return
    rows, columns = mask.shape
    # A little outside of the defect, or it would hide small ones.
    reach = 1 + min(rows, columns) // 256
    mask = ndimage.binary_dilation(mask, iterations=reach)
    padded = np.pad(mask.astype("float32"), 1)  # closed at the borders
    x = (np.arange(columns + 2) - 0.5) * width / columns
    y = (np.arange(rows + 2) - 0.5) * height / rows
    lines = axes.contour(x, y, padded, [0.5], colors=OUTLINE, linewidths=1)
    lines.set_clip_on(False)  # half of its width lies beyond the border


def draw_scale(figure, axes, row):
    values = ScalarMappable(Normalize(row["vmin"], row["vmax"]), COLORS)
    scale = figure.colorbar(values, cax=axes)
    scale.outline.set_visible(False)
    scale.ax.tick_params(labelsize=7, length=2)
    scale.ax.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
