"""Codes of images, extracted once, as batches for their prior."""

import math

import keras
import numpy as np

from kerasad.data.datasets import unit

TOGETHER = 8  # images in the encoder at a time


class CodeDataset(keras.utils.PyDataset):
    """Batches of `(codes, codes)`: the prior foretells what it is given.

    A pass takes each image once, and each time one of its copies.
    `dataset.batch(epoch, index)` is a function of its arguments and the seed
    alone, see `kerasad.data.datasets.ImageDataset`.

    Args:
        codes: int array `(copies, n, cells)`, see `copies_of`.
        batch_size: int. The last batch of a pass may be smaller.
        seed: int. Root of all randomness.

    Returns:
        Twice the same int32 array a batch, `(batch, cells)`.
    """

    def __init__(self, codes, batch_size, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.codes = codes
        self.batch_size = batch_size
        self.seed = seed

    def __len__(self):
        return math.ceil(self.codes.shape[1] / self.batch_size)

    def __getitem__(self, index):
        return self.batch(0, index)

    def batch(self, epoch, index):
        """Codes of images, each as input and target."""
        rng = np.random.default_rng([self.seed, epoch])
        copies, count = self.codes.shape[:2]
        order = rng.permutation(count)
        copy = rng.integers(copies, size=count)
        start = index * self.batch_size
        chosen = order[start : start + self.batch_size]
        rows = self.codes[copy[chosen], chosen].astype("int32")
        return rows, rows


def copies_of(codes_of, images, augment, copies, seed) -> np.ndarray:
    """Codes of each image, augmented anew for each copy.

    Args:
        codes_of: callable from images `(B, H, W, 3)` in `[0, 1]` to the
            numbers of their codes, `(B, cells)`, each below 65536.
        images: uint8 `(n, H, W, 3)`.
        augment: callable `(image, rng) -> image`; `None` for images as they
            are.
        copies: int. How many of each image.
        seed: int. Root of all randomness.

    Returns:
        uint16 `(copies, n, cells)`: 20,000 images of 1,280 cells are 51 MB a
        copy.
    """
    found = []
    for copy in range(copies):
        for start in range(0, len(images), TOGETHER):
            batch = images[start : start + TOGETHER]
            if augment is not None:
                rng = np.random.default_rng([seed, copy, start])
                batch = [augment(image, rng) for image in batch]
            pixels = np.stack([unit(image) for image in batch])
            numbers = keras.ops.convert_to_numpy(codes_of(pixels))
            found.append(numbers.astype("uint16"))
    rows = np.concatenate(found)
    return rows.reshape(copies, len(images), -1)
