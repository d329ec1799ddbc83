"""Anomaly maps of predicted images as files, at the size of the image."""

from pathlib import Path

import numpy as np
from PIL import Image

from kerasad.errors import InputError
from kerasad.files import replacing
from kerasad.prediction import overlay_name
from kerasad.reports.colours import shares_of
from kerasad.reports.figures import write_image

FORMATS = ("tiff", "png", "mvtec-ad-2")
LARGEST = np.finfo("float16").max


class MapFiles:
    """Writes the map of each image; for `predict_files(..., keep=)`.

    Args:
        folder: where to, made if missing.
        format: one of `FORMATS`. `tiff` holds the values of the map as
            float16, `png` where they lie on the colour scale of the
            overlays, 0 to 255. `mvtec-ad-2` is the layout of that
            benchmark's server: `anomaly_images` as `tiff`, and
            `anomaly_images_thresholded` as masks of 0 and 255, each under
            the category and the split of the image.
        detector: whose maps they are.

    Raises:
        InputError: masks are wanted of a detector without pixel threshold.
    """

    def __init__(self, folder, format, detector):
        self.folder = Path(folder)
        self.format = format
        self.limits = detector.calibration["map_range"]
        self.pixel_threshold = detector.pixel_threshold
        if format == "mvtec-ad-2" and self.pixel_threshold is None:
            raise InputError(
                "this detector has no pixel threshold to make masks with; set "
                "one with `kerasad threshold`"
            )

    def __call__(self, path, page, outputs, sides) -> dict:
        """The paths of what was written, for the line of the image."""
        values = at_size(outputs["anomaly_map"], sides)
        if self.format == "mvtec-ad-2":
            place = placed(Path(path))
            target = self.folder / "anomaly_images" / place
            mask = self.folder / "anomaly_images_thresholded" / place
            mask = mask.with_suffix(".png")
            limit = np.float64(self.pixel_threshold["threshold"])
            mask.parent.mkdir(parents=True, exist_ok=True)
            write_image(mask, np.uint8(255) * (values > limit))
            written = {"map": target.with_suffix(".tiff"), "mask": mask}
        else:
            name = Path(overlay_name(path, page))
            target = self.folder / name.with_suffix(f".{self.format}")
            written = {"map": target}
        target = written["map"]
        target.parent.mkdir(parents=True, exist_ok=True)
        if self.format == "png":
            shares = shares_of(values, *self.limits)
            write_image(target, np.rint(255 * shares).astype("uint8"))
        else:
            write_tiff(target, values)
        return {name: str(file) for name, file in written.items()}


def at_size(anomaly_map, sides):
    """A map with `sides`, `(height, width)`, bilinear, float32."""
    image = Image.fromarray(np.asarray(anomaly_map, "float32"))
    return np.asarray(image.resize(sides[::-1], Image.Resampling.BILINEAR))


def write_tiff(path, values):
    """Writes float16, clipped to what that can hold."""
    import tifffile

    half = np.clip(values, -LARGEST, LARGEST).astype("float16")
    with replacing(path) as beside:
        with open(beside, "wb") as file:
            tifffile.imwrite(file, half, photometric="minisblack")


def placed(path) -> Path:
    """`CATEGORY/SPLIT/...` of an image in MVTec AD 2.

    >>> placed(Path("mvtec_ad_2/can/test_private/000_regular.png")).as_posix()
    'can/test_private/000_regular.png'
    """
    parts = path.parts
    for place in range(len(parts) - 2, 0, -1):
        if parts[place].startswith("test_"):
            return Path(*parts[place - 1 :])
    raise InputError(
        f"{path}: is not in CATEGORY/test_SPLIT/, as the images of MVTec AD 2 "
        "are; give those, or --map-format tiff"
    )
