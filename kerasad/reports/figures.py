"""Pictures of results as PNG files, without a display or global state."""

import numpy as np
from PIL import Image, ImageDraw

from kerasad.files import replacing
from kerasad.reports.lettering import PLAIN, printable, write
from kerasad.reports.panels import draw_outline, draw_scale, overlay, panel

__all__ = ["decision", "gallery_figure", "overlay", "write_image"]

GOOD, BAD = "#1a7f37", "#c62828"
# Pixels: a panel, what is between two, the margin, the colour scale with its
# numbers, a line of text, the line with the names.
PANEL, GAP, SIDE, BAR, TEXT, HEAD = 230, 8, 10, 62, 30, 22
SCALE = 9  # pixels; width of the colours alone
# Level 1 of 9 takes a quarter of the time of Pillow's 6, for a file that is
# a tenth larger: photographs compress badly at any.
COMPRESSION = 1


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

    # A strip is shown wider, as large as a square.
    widest = max(row["image"].shape[1] / row["image"].shape[0] for row in rows)
    width = round(PANEL * max(1.0, widest**0.5))
    places, x = {}, SIDE
    for name in names:
        places[name] = x
        x += width + GAP + (BAR if name == "anomaly map" else 0)
    tops, y = [], HEAD
    for row in rows:
        tops.append(y)
        y += TEXT + height_of(row, width) + GAP
    page = Image.new("RGB", (x - GAP + SIDE, y), "white")
    draw = ImageDraw.Draw(page)
    for name, x in places.items():
        write(draw, (x + width / 2, TEXT / 2), name, 8, "mm")
    for row, top in zip(rows, tops, strict=True):
        draw_row(page, draw, row, top, places, width)
    write_image(path, page)


def height_of(row, width) -> int:
    """Pixels that an image of a row is high, at a width."""
    rows, columns = row["image"].shape[:2]
    return max(1, round(width * rows / columns))


def draw_row(page, draw, row, top, places, width):
    """Draws the panels of one image under its title and decision."""
    words, color = decision(row)
    middle, right = top + TEXT / 2, page.width - SIDE
    write(draw, (SIDE, middle), printable(row["title"], 40), 9, "lm",
          "black", bold=True)  # fmt: skip
    write(draw, (right, middle), words, 9, "rm", color)
    size, top = (width, height_of(row, width)), top + TEXT
    for name, x in places.items():
        shown = panel(name, row, size)
        if shown is not None:
            page.paste(shown, (x, top))
    draw_outline(page, (places["overlay"], top), size, row["mask"])
    x = places["anomaly map"] + width + 5
    draw_scale(page, (x, top), (SCALE, size[1]), row["vmin"], row["vmax"])


def write_image(path, image):
    """Writes a Pillow or uint8 image as PNG, replaced atomically."""
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    with replacing(path) as beside:
        image.save(beside, format="png", compress_level=COMPRESSION)


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
