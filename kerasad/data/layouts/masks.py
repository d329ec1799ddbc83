"""Finds the masks of images by name, never by position."""

from kerasad.data.folders import image_files, stem_of
from kerasad.errors import InputError


class Masks:
    """Masks below `truth/<defect>`, by the name of their image.

    Called with `(defect, stem)`: a tuple with the path of the mask, empty if
    that is missing; `None` if the category has no masks at all.
    """

    def __init__(self, truth):
        self.truth = truth
        self.known = {}
        self.used = set()

    def __call__(self, defect, stem):
        """Paths of the masks of an image; `None` without a folder of masks."""
        if not self.truth.exists() and not self.truth.is_symlink():
            return None
        if defect not in self.known:
            self.known[defect] = self.listed(self.truth / defect)
        for name in (f"{stem}_mask", stem):
            if found := self.known[defect].get(name):
                self.used.update(found)
                return tuple(found)
        return ()

    def listed(self, folder):
        """Name of an image to its masks."""
        found = {}
        for path in image_files(folder) if folder.is_dir() else []:
            found.setdefault(stem_of(path, folder), [path])
        return found

    def unused(self):
        """Masks that belong to no image."""
        if not self.truth.is_dir():
            return []
        return [
            path for path in image_files(self.truth) if path not in self.used
        ]


class MaskFolders(Masks):
    """A folder of masks for each image, named as the image is."""

    def listed(self, folder):
        found = {}
        for path in image_files(folder) if folder.is_dir() else []:
            found.setdefault(path.parent.relative_to(folder).as_posix(), [])
            found[path.parent.relative_to(folder).as_posix()].append(path)
        return found


def refuse_shared(samples):
    """Two images cannot have one mask: it fits one of them at most."""
    owners = {}
    for sample in samples:
        for mask in sample.mask_paths or ():
            other = owners.setdefault(mask, sample.path)
            if other != sample.path:
                raise InputError(
                    f"{mask}: is the mask of two images, {other.name} and "
                    f"{sample.path.name}; give each a name and a mask of its "
                    "own"
                )
