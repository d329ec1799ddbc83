"""How an image was taken, in words for the operator's page."""

import math

from kerasad.domain.columns import ESTIMATES, LOGARITHMS


def moved(share, back, forth) -> str:
    """In words: by how much, and which way."""
    return f"{forth if share > 0 else back} {100 * abs(share):.1f} %"


# How each estimate is said, from its value; `sharpness` is 1 as in training.
WORDS = {
    "rotation": lambda value: f"turned {value:.1f}°",
    "zoom": lambda value: f"size × {value:.2f}",
    "right": lambda value: moved(value, "left", "right"),
    "down": lambda value: moved(value, "up", "down"),
    "gain": lambda value: f"light × {value:.2f}",
    "cast": lambda value: f"colour × {value:.2f}",
    "sharpness": lambda value: f"sharpness {value:.2f}",
}
NEUTRAL = {"zoom": 1.0, "gain": 1.0, "cast": 1.0, "sharpness": 1.0}


def conditions(line) -> str | None:
    """What differs from training of the image that a line is about.

    Args:
        line: of `kerasad.lines.line_of`.

    Returns:
        Words, the greatest difference first; `"as in training"` where nothing
        had to be undone, `None` of a detector without a domain.

    >>> conditions({"domain": {"change": 2.0, "rotation": 3.02, "zoom": 1.1}})
    'size × 1.10, turned 3.0°'
    """
    domain = line.get("domain")
    if domain is None:
        return None
    if domain["change"] <= 1.0 and line.get("in_domain", True):
        return "as in training"
    found = []
    for name, words in WORDS.items():
        value = domain.get(name, NEUTRAL.get(name, 0.0))
        size = abs(value - NEUTRAL.get(name, 0.0))
        if name in LOGARITHMS:
            size = abs(math.log(max(value, 1e-6)))
        if size > ESTIMATES[name]:
            found.append((size / ESTIMATES[name], words(value)))
    found.sort(key=lambda pair: -pair[0])
    return ", ".join(words for _, words in found) or "unlike in training"
