"""A few normal images as text, so that a detector's file can hold them."""

import base64
import io

import numpy as np
from PIL import Image

from kerasad.errors import InputError

COUNT = 3
CHARACTERS = 2**21  # of all; a config may have 2**25


def encoded(images, sides) -> list[str]:
    """PNG files in base64 of the first images, as many as there is room for.

    Args:
        images: uint8 arrays `(H, W, 3)`.
        sides: `(height, width)` in pixels that they are resized to.
    """
    texts, room = [], CHARACTERS
    for image in images[:COUNT]:
        picture = Image.fromarray(np.asarray(image))
        if picture.size != tuple(sides)[::-1]:
            picture = picture.resize(tuple(sides)[::-1], Image.BILINEAR)
        file = io.BytesIO()
        picture.save(file, format="PNG")
        text = base64.b64encode(file.getvalue()).decode("ascii")
        room -= len(text)
        if room < 0:
            break
        texts.append(text)
    return texts


def decoded(texts, sides) -> list[np.ndarray]:
    """The images of `encoded`.

    Raises:
        InputError: the file holds something else there.
    """
    images = []
    for text in texts:
        try:
            file = io.BytesIO(base64.b64decode(text))
            with Image.open(file, formats=["PNG"]) as picture:
                if picture.size != tuple(sides)[::-1]:  # before its pixels
                    raise ValueError(f"an image of {picture.size}")
                images.append(np.asarray(picture.convert("RGB")))
        except Exception as error:  # Pillow's plugins raise almost anything
            raise InputError(
                "the images in this detector are damaged; calibrate it anew "
                "with `kerasad threshold --data`"
            ) from error
    return images
