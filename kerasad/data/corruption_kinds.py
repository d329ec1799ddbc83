"""What a corrupted patch may show.

Every kind is a function `(rng, image, box, source) -> (content, shape)`:
`image` is float32 `(height, width, 3)` in `[0, 1]`, `box` a pair of slices,
`source` a `PatchCorruption`; `content` has the size of the box and replaces
the image as far as `shape`, `(rows, columns)` in `[0, 1]`, says.
"""

import numpy as np
from PIL import Image

from kerasad.data.corruption_changes import blur, deform, erase, fill
from kerasad.data.corruption_masks import box_size, elastic_mask, line_mask

# Weights of red, green and blue in brightness, ITU-R BT.601.
LUMA = np.array([0.299, 0.587, 0.114], "float32")


def texture(rng, image, box, source):
    """Foreign texture: the paper's kind, section 3.1.3."""
    height, width = box_size(box)
    content = source.textures.sample(rng, height, width)
    return content, elastic_mask(rng, height, width)


def patch(rng, image, box, source):
    """Another place of this or of another training image, recoloured."""
    height, width = box_size(box)
    content = _elsewhere(rng, image, box, source)
    gain, offset = rng.uniform(0.8, 1.2), rng.uniform(-0.1, 0.1)
    tint = rng.uniform(-0.04, 0.04, 3) + offset
    content = content * np.float32(gain) + tint.astype("float32")
    return content.clip(0, 1), elastic_mask(rng, height, width)


def seamless(rng, image, box, source):
    """As `patch`, with the light of the place where it lies.

    What the patch and its surroundings differ by is smoothed over the patch
    and taken away: the cheap twin of the Poisson blending of
    [NSA](https://arxiv.org/abs/2109.15222). No seam gives the place away.
    """
    height, width = box_size(box)
    content = _elsewhere(rng, image, box, source)
    shape = elastic_mask(rng, height, width)
    content += fill(image[box] - content, 1.001 - shape)
    return content.clip(0, 1), shape


def _elsewhere(rng, image, box, source):
    """Content of another place, perhaps resized and turned over."""
    height, width = box_size(box)
    if source.images is not None and rng.random() < 0.7:
        other = source.images[rng.integers(len(source.images))]
    else:
        other = image
    flip_rows, flip_columns, swap, resized = rng.random(4) < 0.5
    rows, columns = (width, height) if swap else (height, width)
    zoom = rng.uniform(0.6, 1.6) if resized else 1.0
    rows = int(np.clip(rows / zoom, 3, other.shape[0]))
    columns = int(np.clip(columns / zoom, 3, other.shape[1]))
    content = other[source.place(rng, rows, columns, other.shape)]
    if flip_rows:
        content = content[::-1]
    if flip_columns:
        content = content[:, ::-1]
    if swap:
        content = content.swapaxes(0, 1)
    return _resized(content, height, width)


def colour(rng, image, box, source):
    """A stain of one or two colours, or a change of light or of hue."""
    height, width = box_size(box)
    here = image[box]
    mode = rng.random()
    if mode < 0.4:
        ends = _unlike(rng, here.mean(axis=(0, 1)), 2)
        if mode < 0.2:
            ends[1] = ends[0]
        slope = np.linspace(0, 1, height, dtype="float32")[:, None, None]
        content = ends[0] + slope * (ends[1] - ends[0])
        # Some of the relief below shows through.
        relief = np.float32(rng.uniform(0, 0.6))
        content = content + relief * (here - here.mean(axis=(0, 1)))
    elif mode < 0.75:
        bright = rng.random() < 0.5
        gain = rng.uniform(1.15, 1.8) if bright else rng.uniform(0.3, 0.85)
        offset = rng.uniform(0, 0.15) * (1 if bright else -1)
        content = here * np.float32(gain) + np.float32(offset)
    else:
        grey = _grey(here)[..., None]
        angle = rng.uniform(np.pi / 5, 2 * np.pi - np.pi / 5)
        vivid = np.float32(rng.uniform(0.2, 1.8))
        content = grey + vivid * (_turn_hue(here, angle) - grey)
    return content.clip(0, 1), elastic_mask(rng, height, width)


def scratch(rng, image, box, source):
    """Thin curves, lighter or darker than what they cross."""
    height, width = box_size(box)
    shape = line_mask(rng, height, width, rng.choice([1.5, 3.0, 5.0]))
    here = image[box]
    level = float(_grey(here).mean())
    lighter = rng.random() < np.clip(1.3 - 1.6 * level, 0.1, 0.9)
    contrast = rng.uniform(0.12, 0.7)
    tint = rng.uniform(0.8, 1.0, 3).astype("float32") * contrast
    content = here + tint if lighter else here - tint
    return content.clip(0, 1), shape


KINDS = {
    "texture": texture,
    "patch": patch,
    "seamless": seamless,
    "colour": colour,
    "scratch": scratch,
    "blur": blur,
    "erase": erase,
    "deform": deform,
}


def _resized(content, height, width):
    """As float32 in `[0, 1]` at the size asked for."""
    if content.dtype != np.uint8:
        content = (content * 255 + 0.5).astype("uint8")
    if content.shape[:2] != (height, width):
        content = Image.fromarray(np.ascontiguousarray(content))
        content = content.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(content, "float32") * np.float32(1 / 255)


def _unlike(rng, ground, count):
    """Random colours, `(count, 3)`, that stand out from `ground`."""
    colours = rng.random((count, 3), dtype="float32")
    if rng.random() < 0.5:  # dirt, oil, rust and chips are hardly ever vivid
        colours = 0.3 * colours + 0.7 * colours.mean(axis=1, keepdims=True)
    near = np.abs(colours - ground).max(axis=1) < 0.15
    colours[near] = (colours[near] + 0.5) % 1.0
    return colours


def _grey(pixels):
    return np.einsum("...i,i->...", pixels, LUMA)  # not `@`, see _turn_hue


def _turn_hue(pixels, angle):
    """Rotate colours about the grey axis, brightness about kept."""
    cos, sin = np.cos(angle), np.sin(angle)
    third, root = (1 - cos) / 3, np.sqrt(1 / 3) * sin
    matrix = np.full((3, 3), third)
    matrix[np.diag_indices(3)] += cos
    matrix += root * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    # Not `@`: libraries of linear algebra round by the processor.
    return np.einsum("...i,ji->...j", pixels, matrix.astype("float32"))
