"""The photos that an export is tried with."""

import numpy as np
from PIL import Image

from kerasad.calibration.pictures import decoded
from kerasad.data.decoding import MAX_PIXELS
from kerasad.data.images import read_image, resized
from kerasad.data.layouts import open_category
from kerasad.data.plausibility import some_of
from kerasad.filters import resize_matrix

NOISE = "3 images of noise"
COUNT = 6  # photos of a folder, at most


def photo_size(detector) -> tuple[int, int]:
    """`(height, width)` of the training photos, or of the detector.

    A file may say what it likes: what is no size is passed over.
    """
    sides = (detector.provenance or {}).get("photo_size")
    known = isinstance(sides, (list, tuple)) and len(sides) == 2
    known = known and all(type(side) is int and side > 0 for side in sides)
    if known and sides[0] * sides[1] <= MAX_PIXELS:
        return tuple(sides)
    return tuple(detector.image_size)


def photos_for(detector, data=None):
    """Photos to try an export with, and in words what they are.

    Args:
        data: a folder of good photos, which are read at their own size;
            `None` for the images in the detector's file, enlarged to the
            size that the training photos had.
    """
    if data is not None:
        samples = some_of(open_category(data).samples("train"), COUNT)
        photos = [read_image(s.path, page=s.page) for s in samples]
        return photos, f"{len(photos)} photos of {data}"
    texts = (detector.calibration or {}).get("images", [])
    pictures = decoded(texts, detector.image_size)
    photos = [pillow(one, photo_size(detector)) for one in pictures]
    if photos:
        words = f"{len(photos)} held-out training images"
        if photos[0].shape != pictures[0].shape:
            words += ", enlarged (photos, with --data, would say more)"
        return photos, words
    return list(noise(photo_size(detector))), NOISE


def noise(size) -> np.ndarray:
    """Three seeded images, from nearly flat to all noise."""
    values = np.random.default_rng(0).uniform(0, 255, (3, *size, 3))
    contrast = np.reshape([0.1, 0.5, 1.0], (3, 1, 1, 1))
    return (127.5 + contrast * (values - 127.5)).round().astype("uint8")


def pillow(image, size) -> np.ndarray:
    """As the detector resizes: with antialiasing."""
    return np.asarray(resized(Image.fromarray(image), size))


def cv2(image, size) -> np.ndarray:
    """As `cv2.resize` does unless told otherwise: without antialiasing."""
    rows, columns = (
        resize_matrix(source, target, antialias=False)
        for source, target in zip(image.shape[:2], size, strict=True)
    )
    channels = image.astype("float32").transpose(2, 0, 1)
    values = rows @ channels @ columns.T
    return np.rint(values).astype("uint8").transpose(1, 2, 0)


RESIZES = {"Pillow": pillow, "cv2.resize": cv2}
