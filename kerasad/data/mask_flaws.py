"""Masks that can be read, and may say something else than was meant."""

from kerasad.data.decoding import orientation
from kerasad.data.images import TURNS
from kerasad.data.plausibility import is_inverted


class MaskFlaws:
    """Gathers them, sample by sample.

    Args:
        root: the folder of the category.
        sides: `(height, width)` that masks shrink to, `None` where they stay
            as they are.
    """

    def __init__(self, root, sides=None):
        self.root = root
        self.sides = sides
        self.inverted, self.turned = [], []
        self.small, self.with_small = 0, []

    def look(self, sample, mask, small=0):
        """At a mask, bool in the size of its image.

        Args:
            sample: whose masks were read.
            mask: of `kerasad.data.category.read_sample`.
            small: how many of its defects are kept as one pixel at `sides`.
        """
        if mask is None or not sample.mask_paths:
            return
        if is_inverted(mask):
            self.inverted.append(sample.mask_paths[0])
        if any(may_be_unturned(p, sample.path, mask.shape)
               for p in sample.mask_paths):  # fmt: skip
            self.turned.append(sample.path)
        if small:
            self.small += small
            self.with_small.append(sample.path)

    def sentences(self) -> list[str]:
        """What to tell the user, one sentence for each flaw."""
        lines = []
        if self.inverted:
            lines.append(
                f"{len(self.inverted)} of the masks, such as "
                f"{self.name(self.inverted)}, mark most of the image and its "
                "border: inverted?"
            )
        if self.turned:
            lines.append(
                f"{len(self.turned)} defective images, such as "
                f"{self.name(self.turned)}, are turned by their EXIF data and "
                "nothing tells whether their masks are: save the images "
                "upright and look whether the masks fit"
            )
        if self.small:
            are = "1 defect is" if self.small == 1 else None
            are = are or f"{self.small} defects are"
            height, width = self.sides
            lines.append(
                f"{are} smaller or thinner than a pixel at {width} x {height}"
                f", such as in {self.name(self.with_small)}; each is kept as "
                "one pixel"
            )
        return lines

    def name(self, paths):
        """The first of the paths, as one may show it."""
        return paths[0].relative_to(self.root).as_posix()


def may_be_unturned(mask, image, sides) -> bool:
    """Whether the EXIF data turn an image whose mask may lie as it did.

    Where they swap the sides of an image that is not square, those of the
    mask tell: `kerasad.data.images.read_upright_mask`.
    """
    turned = orientation(image)
    told = turned in TURNS and sides[0] != sides[1]
    return turned != 1 and not told and orientation(mask) != turned
