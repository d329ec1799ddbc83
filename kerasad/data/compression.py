"""JPEG, of which photos keep flat blocks."""

import io

import numpy as np
from PIL import Image


def compressed(image, quality):
    """A uint8 image `(H, W, 3)` after JPEG of a quality of 1 to 100."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
