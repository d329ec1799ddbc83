import math

import keras
import numpy as np

from kerasad.data.corruption_masks import visible_change
from kerasad.layers.context import CHANNELS
from kerasad.losses.masked import masked_weights

# From this value of a real-valued mask on, a pixel is a defect to be found.
DEFECTIVE = 0.25
VALIDATION_SEED = 1_000_003  # apart from every training epoch's stream


class ImageDataset(keras.utils.PyDataset):
    """Batches of `(image, image)` for a plain autoencoder.

    `dataset[i]` is a function of `(seed, epoch, i)` alone: backend, worker
    count and order of access cannot change it.

    The epoch does not advance by itself, because Keras runs through a part
    of an epoch before training starts, and how often depends on the backend:
    train on `kerasad.training.endless.Endless`. `workers` above 1 are
    refused: Keras 3.15 then trains on the left-over batches of its first pass
    (JAX, PyTorch).

    Args:
        images: uint8 array, `(n, height, width, 3)`. Normal images only.
        batch_size: int. The last batch of an epoch may be smaller.
        seed: int. Root of all randomness in the data set.
        augment: callable `(image, rng) -> image`, uint8 in and out.
        **kwargs: see `keras.utils.PyDataset`.

    Returns:
        Two float32 arrays a batch, `(batch, height, width, 3)` in `[0, 1]`.
    """

    def __init__(
        self,
        images,
        batch_size,
        seed=0,
        augment=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if self.workers > 1:
            raise ValueError(
                "Argument `workers` must be 1, for with more Keras trains on "
                "batches of another epoch. "
                f"Received: workers={self.workers}"
            )
        if np.ndim(images) != 4 or len(images) == 0 or images.dtype != "uint8":
            raise ValueError(
                "Argument `images` must be a uint8 array `(n, height, width, "
                "3)` of at least one image. Received: "
                f"shape={np.shape(images)}, dtype={np.asarray(images).dtype}"
            )
        self.images = images
        self.batch_size = batch_size
        self.seed = seed
        self.augment = augment
        self.epoch = 0

    def set_epoch(self, epoch):
        """Draw the batches of this epoch from now on."""
        self.epoch = epoch

    def __len__(self):
        return math.ceil(len(self.images) / self.batch_size)

    def __getitem__(self, index):
        return self.batch(self.epoch, index)

    def batch(self, epoch, index):
        """Batch `index` of any epoch, whatever `epoch` is set to."""
        images, _ = self._draw(epoch, index, self.augment)
        clean = np.stack([unit(image) for image in images])
        return clean, clean

    def _draw(self, epoch, index, augment=None):
        """A list of uint8 images, and the stream to draw on from."""
        order = np.random.default_rng([self.seed, epoch])
        order = order.permutation(len(self.images))
        start = index * self.batch_size
        # Not `index`: a trailing 0 would repeat the stream of the order.
        rng = np.random.default_rng([self.seed, epoch, index + 1])
        chosen = order[start : start + self.batch_size]
        images = [self.images[i] for i in chosen]
        if augment is not None:
            images = [augment(image, rng) for image in images]
        return images, rng


def unit(image):
    """A uint8 image as float32 in `[0, 1]`."""
    result = image.astype("float32")
    result *= np.float32(1 / 255)
    return result


class CorruptionDataset(ImageDataset):
    """Batches of `(corrupted, clean, weights)` from normal images.

    Purity and epochs: see `ImageDataset`.

    Args:
        images: uint8 array, `(n, height, width, 3)`. Normal images only.
        corrupt: callable `(image, rng) -> (corrupted, mask)` on float32
            images in `[0, 1]`, such as `PatchCorruption`.
        batch_size: see `ImageDataset`.
        seed: see `ImageDataset`.
        mask_weight: float in `[0, 1]`. Lambda of equation 4.
        augment: see `ImageDataset`. Comes before the corruption, so the
            clean target has it too.
        augment_last: bool. Whether `augment` comes after the corruption
            instead, the same on the corrupted and on the clean image, so
            that a defect gets the light, blur and noise of its surroundings.
            The mask then tells where the two differ visibly.
        masks_as_target: bool. Whether the mask is a second target.
        mask_floor: float, in pixels; see `masked_weights`.
        crop: int, in pixels. Side of the window that is cut out of each
            corrupted image, somewhere around a corrupted pixel; needs a
            `corrupt` with a method `place`. See `window_sides`.
        context: `kerasad.layers.context.HostContext`. Inputs then have its
            8 channels.
        target_noise: float, in units of the range `[0, 1]`. Deviation of
            Gaussian noise on the image before the corruption: it is in the
            target too, so a network that removes it is wrong.
        **kwargs: see `keras.utils.PyDataset`.

    Returns:
        Three float32 arrays a batch: two of `(batch, height, width, 3)` in
        `[0, 1]`, and `masked_weights` of `(batch, height, width)`. With
        `masks_as_target`, the second and third are dictionaries with the
        keys `"reconstruction"`, as above, and `"anomaly_logits"`: where the
        mask exceeds 0.25, `(batch, height, width, 1)`, 0 or 1, and one weight
        of 1 an image.

    Reference:

    - Equation 4, section 3.2.1
    """

    def __init__(
        self,
        images,
        corrupt,
        batch_size,
        seed=0,
        mask_weight=0.9,
        augment=None,
        augment_last=False,
        masks_as_target=False,
        mask_floor=0.0,
        crop=None,
        context=None,
        target_noise=0.0,
        **kwargs,
    ):
        super().__init__(images, batch_size, seed, augment, **kwargs)
        masked_weights(np.zeros((1, 1)), mask_weight)  # refuses a bad weight
        self.corrupt = corrupt
        self.mask_weight = mask_weight
        self.augment_last = augment_last and augment is not None
        self.masks_as_target = masks_as_target
        self.mask_floor = mask_floor
        self.crop = crop
        self.context = context
        self.target_noise = target_noise

    def batch(self, epoch, index):
        """Batch `index` of any epoch, whatever `epoch` is set to."""
        before = None if self.augment_last else self.augment
        whole, rng = self._draw(epoch, index, before)
        sides = window_sides(self.crop, self.images.shape[1:3])
        clean = np.empty((len(whole), *sides, 3), "float32")
        masks = np.empty((len(whole), *sides), "float32")
        channels = 3 if self.context is None else CHANNELS
        corrupted = np.empty((len(whole), *sides, channels), "float32")
        for i, image in enumerate(map(unit, whole)):
            if self.target_noise:
                noise = rng.normal(0.0, self.target_noise, image.shape)
                image = np.clip(image + noise, 0.0, 1.0).astype("float32")
            changed, mask = self.corrupt(image, rng)
            if self.augment_last:
                image, changed, mask = self._augmented(image, changed, rng)
            window = self._window(mask, rng)
            clean[i], masks[i] = image[window], mask[window]
            if self.context is None:
                corrupted[i] = changed[window]
            else:
                self.context(changed[window], window, out=corrupted[i])
        weights = masked_weights(masks, self.mask_weight, self.mask_floor)
        if not self.masks_as_target:
            return corrupted, clean, weights
        defective = (masks > DEFECTIVE).astype("float32")
        targets = {
            "reconstruction": clean,
            "anomaly_logits": defective[..., None],
        }
        ones = np.ones(len(clean), "float32")
        return (
            corrupted,
            targets,
            {"reconstruction": weights, "anomaly_logits": ones},
        )

    def _augmented(self, clean, corrupted, rng):
        """Both images after the same augmentation, and where they differ."""
        seed = rng.integers(2**63)
        clean, corrupted = (
            unit(
                self.augment(
                    np.rint(image * 255).astype("uint8"),
                    np.random.default_rng(seed),
                )
            )
            for image in (clean, corrupted)
        )
        everywhere = np.ones(clean.shape[:2], bool)
        return clean, corrupted, visible_change(clean, corrupted, everywhere)

    def _window(self, mask, rng):
        """Two slices: the whole image, or a crop around a corrupted pixel."""
        if not self.crop:
            return slice(None), slice(None)
        rows, columns = sides = window_sides(self.crop, mask.shape)
        changed = np.flatnonzero(mask != 0.0)  # quicker than of floats
        if not len(changed):
            return self.corrupt.place(rng, rows, columns, mask.shape)
        pixel = changed[rng.integers(len(changed))]
        # Drawn in the square: its batches are pinned.
        within = rng.integers(self.crop, size=2) * sides // self.crop
        free = np.subtract(mask.shape, sides)
        corner = np.unravel_index(pixel, mask.shape) - within
        top, left = np.clip(corner, 0, free)
        return slice(top, top + rows), slice(left, left + columns)


def window_sides(crop, sides) -> tuple[int, int]:
    """`(height, width)` of the windows that are cut out of images.

    A square of side `crop`, cut where the image is lower or narrower; without
    `crop` the whole image.
    """
    return tuple(min(crop, side) for side in sides) if crop else tuple(sides)
