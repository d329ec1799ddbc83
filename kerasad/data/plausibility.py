"""Signs that images are not what they should be: for warnings, not refusals."""

import numpy as np

from kerasad.data.decoding import decode
from kerasad.errors import InputError

LOOKED_AT = 8  # images of a category, for what holds of all or none
DEEP = 4096  # what a camera of 12 bits stays under
DULL = 16  # levels of 255 within which an image shows next to nothing


def some_of(samples, most=LOOKED_AT):
    """A few samples, spread over all."""
    return samples[:: -(-len(samples) // most) or 1]


def narrow_range(samples) -> list[str]:
    """A sentence if 16-bit images use a small part of their range."""
    highest = []
    for sample in some_of(samples):
        highest.append(deep_maximum(sample))
        if highest[-1] is None or highest[-1] >= DEEP:
            return []  # one suffices: most categories are told by the first
    if not highest:
        return []
    return [
        f"the 16-bit images use a small part of their range, up to "
        f"{max(highest)} of 65535, so few levels are left at 8 bits; scale "
        "12-bit values by 16, for instance"
    ]


def deep_maximum(sample):
    """The highest value of a grey 16-bit image, `None` for any other file."""
    try:
        image = decode(sample.path, sample.page)
    except InputError:
        return None  # its reader says what is wrong
    return int(np.max(image)) if image.mode.startswith("I;16") else None


def oddity(image) -> str | None:
    """What an image uint8 `(height, width, 3)` looks like but should not."""
    low, high = int(image.min()), int(image.max())
    if low == high:
        return {0: "black all over", 255: "white all over"}.get(
            low, "of one colour"
        )
    if high - low < DULL:
        return f"within {DULL} of 256 levels"
    if len(np.unique(image[::2, ::2])) == 2:
        return "of two values, as masks are"
    return None


def is_inverted(mask) -> bool:
    """Whether a bool mask marks most of the image, and its border: the
    defect is probably what it leaves out."""
    border = np.ones(mask.shape, bool)
    border[1:-1, 1:-1] = False
    return mask.mean() > 0.5 and bool(mask[border].mean() > 0.95)
