"""Artificial defects: `(image, rng) -> (corrupted, mask)`."""

from dataclasses import dataclass

import numpy as np

from kerasad.data.corruption_kinds import KINDS
from kerasad.data.corruption_masks import visible_change
from kerasad.data.foreground import foreground_map
from kerasad.settings import Settings, key, require
from kerasad.sides import mean_side

SMALLEST = 4  # pixels, side of a patch
ENOUGH = 10  # pixels, sum of a mask
TRIES = 3


@dataclass(frozen=True)
class CorruptionSettings(Settings):
    """Keys of the artificial defects; see `PatchCorruption`."""

    corruption: dict[str, float] = key(
        {
            "patch": 0.25,
            "seamless": 0.25,
            "scratch": 0.14,
            "deform": 0.10,
            "colour": 0.10,
            "texture": 0.06,
            "blur": 0.05,
            "erase": 0.05,
        }
    )
    foreground: bool = True  # patches where an object lies on a plain ground
    clean_share: float = key(0.35, 0, 1)
    # Several a picture, each small enough to leave the others their
    # surroundings: more to learn from in every step.
    patches: tuple[int, ...] = key((4, 8), 1, 99, pair=True)
    patch_size: tuple[float, ...] = key((0.02, 0.25), 0.001, 1, pair=True)
    opacity: tuple[float, ...] = key((0.3, 1.0), 0, 1, pair=True)

    def check(self, run):
        """Refuses weights of kinds that there are not, with `InputError`."""
        super().check(run)
        weights = self.corruption.values()
        require(
            set(self.corruption) <= set(KINDS)
            and all(weight >= 0.0 for weight in weights)
            and sum(weights) > 0.0,
            "corruption",
            f"a weight, 0 or more, for some of {', '.join(KINDS)}",
            self,
        )


def corruption_of(settings, bank, images):
    """The corruption of `CorruptionSettings`, from a bank and images."""
    return PatchCorruption(
        bank,
        kinds=settings.corruption,
        images=images,
        patches=settings.patches,
        size=settings.patch_size,
        opacity=settings.opacity,
        clean_share=settings.clean_share,
        foreground="auto" if settings.foreground else None,
    )


def with_defect(image, corrupt, rng):
    """A uint8 image after a corruption of floats, and its mask, uint8 too."""
    found = corrupt(image.astype("float32") / 255.0, rng)
    return tuple(np.rint(x * 255.0).astype("uint8") for x in found)


class PatchCorruption:
    """Pastes patches of something else into an image, through soft masks.

    ```python
    corrupted = mask * content + (1 - mask) * image
    ```

    With the defaults that is the paper's corruption: elastically deformed,
    Gaussian-blurred masks and foreign texture. Where patches overlap, `mask`
    is `1 - (1 - mask_1) * (1 - mask_2)`, so the formula stays exact.

    With any kind besides `"texture"` in `kinds`, the mask tells what can be
    seen instead: the shape of the patch, times how clearly the pixel has
    changed, 0 up to 4/255 and 1 from 16/255 on in the channel that changed
    most. If hardly anything shows, the image is drawn again, up to three
    times.

    Args:
        textures: `kerasad.data.textures.TextureBank`, or `None` if `kinds`
            leaves out `"texture"`.
        kinds: mapping of kind to relative weight; see
            `kerasad.data.corruption_kinds`: `"texture"`, `"patch"` (another
            place of this or another image), `"seamless"` (likewise, in the
            light of its surroundings), `"colour"`, `"scratch"`,
            `"blur"`, `"erase"`, `"deform"`. Defaults to `{"texture": 1}`.
        images: uint8 array `(n, height, width, 3)`: where `"patch"` takes
            its content from and `foreground="auto"` looks. Normal images.
        patches: pair of ints. Least and greatest number of patches.
        size: pair of floats. Sides of a patch relative to the image's (of one
            that is not square, to a square of as many pixels);
            drawn on a logarithmic scale, so small ones are frequent.
        opacity: pair of floats in `[0, 1]`. Range of the factor on a patch's
            mask; `"deform"` is always opaque.
        clean_share: float in `[0, 1]`. Share of images returned unchanged.
        foreground: where patches are centred: `None` for anywhere, `"auto"`
            for `kerasad.data.foreground.foreground_map(images)`, or an array
            of weights `(rows, columns)`, stretched over the image.

    Call arguments:
        image: float32 array `(height, width, 3)` in `[0, 1]`; not modified.
        rng: `numpy.random.Generator`, the only source of randomness.

    Returns:
        `(corrupted, mask)`: like `image`, and float32 `(height, width)` in
        `[0, 1]`.

    Reference:

    - Section 3.1.3. Number, size and shape of the patches are not given
      there; the defaults here are ours.
    """

    def __init__(
        self,
        textures,
        *,
        kinds=None,
        images=None,
        patches=(1, 3),
        size=(0.03, 0.4),
        opacity=(1.0, 1.0),
        clean_share=0.0,
        foreground=None,
    ):
        self.textures = textures
        self.kinds = {"texture": 1.0} if kinds is None else dict(kinds)
        self.images = images
        self.patches = patches
        self.size = size
        self.opacity = opacity
        self.clean_share = clean_share
        self.foreground = foreground
        self._check()
        weights = np.array(list(self.kinds.values()), "float64")
        self._names = list(self.kinds)
        self._cumulated = np.cumsum(weights / weights.sum())
        self._visible_only = set(self.kinds) != {"texture"}
        self._places = None
        if isinstance(foreground, str):
            foreground = foreground_map(images)
        if foreground is not None:
            self._places = np.asarray(foreground, "float64")
            self._cumulated_places = np.cumsum(self._places)

    def __call__(self, image, rng):
        """The damaged copy of an image, and its mask float32 `(H, W)`."""
        corrupted = image.copy()
        mask = np.zeros(image.shape[:2], "float32")
        if self.clean_share > 0 and rng.random() < self.clean_share:
            return corrupted, mask
        for _ in range(TRIES if self._visible_only else 1):
            count = rng.integers(self.patches[0], self.patches[1] + 1)
            for _ in range(count):
                self._add_patch(corrupted, mask, rng)
            if self._visible_only:
                mask *= visible_change(image, corrupted, mask)
            if mask.sum() >= ENOUGH:
                break
        return corrupted, mask

    def _add_patch(self, corrupted, mask, rng):
        draw = np.searchsorted(self._cumulated, rng.random(), "right")
        name = self._names[min(draw, len(self._names) - 1)]
        rows, columns = self._sides(name, rng, corrupted.shape)
        box = self.place(rng, rows, columns, corrupted.shape)
        content, shape = KINDS[name](rng, corrupted, box, self)
        opacity = np.float32(rng.uniform(*self.opacity))
        blend = shape if name == "deform" else shape * opacity

        here = corrupted[box]
        here += blend[..., None] * (content - here)
        covered = shape if self._visible_only else blend
        mask[box] += (1.0 - mask[box]) * covered

    def _sides(self, name, rng, image_shape):
        low, high = self.size
        if name in ("scratch", "blur", "erase", "deform"):
            low = min(high, max(low, 0.08))  # nothing shows on a smaller one
        scale = low * (high / low) ** rng.random()
        ratio = 2.0 ** rng.uniform(-0.5, 0.5)  # square root of the aspect
        sides = np.clip([scale * ratio, scale / ratio], low, high)
        # On a strip, too, a defect is about as high as it is wide.
        whole = mean_side(image_shape)
        return [
            int(min(max(SMALLEST, round(share * whole)), side))
            for share, side in zip(sides, image_shape, strict=False)
        ]

    def place(self, rng, rows, columns, image_shape):
        """Two slices: a box of that size around a drawn centre."""
        free = image_shape[0] - rows, image_shape[1] - columns
        if self._places is None:
            top, left = rng.integers(free[0] + 1), rng.integers(free[1] + 1)
        else:
            draw = rng.random(3)
            total = self._cumulated_places[-1]
            cell = np.searchsorted(self._cumulated_places, draw[0] * total)
            cell = np.unravel_index(cell, self._places.shape)
            centre = (np.array(cell) + draw[1:]) / self._places.shape
            corner = centre * image_shape[:2] - (rows / 2, columns / 2)
            top, left = np.clip(corner, 0, free).astype(int)
        return slice(top, top + rows), slice(left, left + columns)

    def _check(self):
        unknown = set(self.kinds) - set(KINDS)
        weights = list(self.kinds.values())
        if unknown or not weights or min(weights) < 0 or sum(weights) <= 0:
            raise ValueError(
                f"Argument `kinds` must map some of {', '.join(KINDS)} to "
                f"weights of at least 0. Received: kinds={self.kinds}"
            )
        if "texture" in self.kinds and self.textures is None:
            raise ValueError(
                "Argument `textures` must be a `TextureBank` if `kinds` has "
                "'texture'. Received: textures=None"
            )
        if isinstance(self.foreground, str) and (
            self.foreground != "auto" or self.images is None
        ):
            raise ValueError(
                "Argument `foreground` must be None, an array, or 'auto' "
                "together with `images`. Received: "
                f"foreground={self.foreground!r}, images given: "
                f"{self.images is not None}"
            )
        for name, top in (("size", 1.0), ("opacity", 1.0), ("patches", 99)):
            low, high = getattr(self, name)
            least = 0 if name == "opacity" else 1e-3
            if not least <= low <= high <= top:
                raise ValueError(
                    f"Argument `{name}` must be a rising pair in "
                    f"`[{least:g}, {top:g}]`. Received: "
                    f"{name}={getattr(self, name)}"
                )
        if not 0 <= self.clean_share <= 1:
            raise ValueError(
                "Argument `clean_share` must be in `[0, 1]`. Received: "
                f"clean_share={self.clean_share}"
            )
