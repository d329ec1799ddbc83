"""Photos that are not of the shape that they are resized to."""

from kerasad.data.decoding import decode
from kerasad.data.plausibility import some_of
from kerasad.errors import InputError
from kerasad.sides import keeping_shape, squash

SQUASHED = 1.5  # from this on a person should know


def squashed(samples, sides) -> list[str]:
    """A sentence if photos lose their shape at `sides`, `(height, width)`.

    It names an `image_size` that keeps it. Looks at a few of the samples.
    """
    found = list(filter(None, map(sides_upright, some_of(samples))))
    if not found:
        return []
    photo = sorted(found, key=lambda own: own[0] / own[1])[len(found) // 2]
    factor = squash(photo, sides)
    kept = keeping_shape(photo, sides)
    if factor <= SQUASHED or squash(photo, kept) >= factor:
        return []
    height, width = sides
    return [
        f"photos of {photo[1]} x {photo[0]} (width x height) are squashed "
        f"{factor:.3g} times to {width} x {height}; to keep their shape: "
        f"--set image_size=[{kept[0]},{kept[1]}]"
    ]


def sides_upright(sample):
    """`(height, width)` in pixels as the photo is seen, or `None`."""
    try:
        width, height = decode(sample.path, sample.page).size
    except InputError:
        return None  # its reader says what is wrong
    return height, width
