"""Is the guaranteed rate of false alarms kept on the folders people have?

    python -m benchmarks.guarantee [--repeats 100] [--first 0] [KIND ...]
        [--config memory] [--set KEY=VALUE ...] [--product-only]

Draws folders of good parts, trains a recipe on each, unless told otherwise a
small memory of patches, by `kerasad train`'s own path, and counts which of 300
photos of new parts are flagged. The rate is guaranteed on average over
folders, so many are drawn. "Each file for itself" is the same detector, method
and rule where every file counts as independent: what is promised without a
look at the files; left out with `--product-only`, for it is a second training.
A photo that is not judged, which `fast` says of conditions that it has not
learnt, counts as flagged. Prints a Markdown table.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from kerasad.calibration.independence import recalibrate
from kerasad.calibration.split import split
from kerasad.config import load_config
from kerasad.data.images import load_images
from kerasad.data.layouts import open_category
from kerasad.training.run import Run
from kerasad.training.train import fit, train

SIDE = 32  # pixels of the detector
NEW = 300  # photos of new parts a folder
SETTINGS = [f"image_size={SIDE}", "memory_images=200", "top_fraction=0.02"]


def draw_part(number, frame=0, side=96, lot=None):
    """A good part that lies, and is lit, as it happens to be.

    Args:
        number: int or list of ints. Seed of the part.
        frame: int. Photos of one part differ by sensor noise only.
        side: int, in pixels.
        lot: list of ints. Parts of a lot share place and band.

    Returns:
        uint8 `(side, side, 3)`.
    """
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:side, :side] / side
    cy, cx, angle = rng.normal([0.5, 0.5, 0.0], [0.03, 0.03, 0.2])
    dark = 60.0
    if lot is not None:
        own = np.random.default_rng([7, *lot])
        cy, cx = (cy, cx) + own.normal(0, 0.05, 2)
        dark += own.normal(0, 25)
    along = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
    across = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
    body = (along / 0.4) ** 2 + (across / 0.3) ** 2 < 1
    shade = 130 + 20 * np.sin(14 * along + rng.uniform(0, 6))
    grey = np.where(body, np.where(abs(across) < 0.05, dark, shade), 205.0)
    grey = grey * rng.uniform(0.93, 1.07)
    noise = np.random.default_rng([*np.atleast_1d(number), frame, 1])
    grey = grey + noise.normal(0, 3, grey.shape)
    colours = grey[..., None] * [1.0, 0.97, 0.92]
    return np.clip(colours, 0, 255).astype("uint8")


def save(pixels, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def good(root, count, seed, first=0):
    for number in range(first, first + count):
        pixels = draw_part([seed, number])
        save(pixels, root / f"train/good/{number:03}.png")


def plain(root, seed):
    good(root, 90, seed)


def duplicated(root, seed):
    good(root, 45, seed)
    for path in sorted((root / "train/good").iterdir()):
        shutil.copy(path, path.with_stem(f"{path.stem} (1)"))


def saved_anew(root, seed):
    good(root, 45, seed)
    for path in sorted((root / "train/good").iterdir()):
        Image.open(path).save(path.with_suffix(".jpg"), quality=80)


def bursts(root, seed):
    for number in range(45):
        for frame in range(4):
            pixels = draw_part([seed, number], frame)
            save(pixels, root / f"train/good/part{number:02}_{frame}.png")


def lots(root, seed):
    for number in range(180):
        pixels = draw_part([seed, number], lot=[seed, number % 45])
        save(pixels, root / f"train/good/{number % 45:02}/{number:03}.png")


def validation(root, seed):
    """`validation/good`, of which a third are copies of training images."""
    good(root, 90, seed)
    for number in range(80, 110):
        pixels = draw_part([seed, number])
        save(pixels, root / f"validation/good/{number:03}.png")


def recalibrated(root, seed):
    """Then `kerasad threshold --data`: the folder, and 18 new parts."""
    good(root, 90, seed)


KINDS = (plain, duplicated, saved_anew, bursts, lots, validation, recalibrated)
KINDS = {draw.__name__: draw for draw in KINDS}


def new_photos(kind, seed):
    """Of parts, and lots, that are in no folder."""
    for number in range(NEW):
        lot = [seed, 1000 + number] if kind == "lots" else None
        yield draw_part([seed, 1000 + number], lot=lot)


def once(kind, seed, recipe, settings, product_only):
    """Promised and measured rates, of the product and of the naive way."""
    with tempfile.TemporaryDirectory() as name:
        root, run = Path(name) / "parts", Path(name) / "run"
        KINDS[kind](root, seed)
        words = [f"seed={seed}"]
        if kind == "lots":
            words.append("group_by=folder")
        config = load_config(recipe, [*settings, *words])
        detector = train(config, root, run).detector
        if kind == "recalibrated":
            good(root, 18, seed, 90)
            args = None, "conformal", None, None, lambda text: None
            recalibrate(detector, root, *args)
        photos = list(new_photos(kind, seed))
        rates = rate(detector, photos)
        if not product_only:
            rates += rate(naive(kind, root, config), photos)
        return rates


def naive(kind, root, config):
    """The detector of the same config, every file for itself."""
    category = open_category(root)
    images = load_images(category.train, config.sides)
    if category.validation:
        learnt = images
        held_out = load_images(category.validation, config.sides)
    else:
        rows = split(len(images), config.validation_share, config.seed)
        learnt, held_out = (images[part] for part in rows)
    if kind == "recalibrated":
        learnt, held_out = images[:81], images
    settings = Run(config.settings, seed=config.seed)
    detector, _ = fit(config, learnt, held_out, settings)
    detector.calibrate(held_out)
    return detector


def rate(detector, photos):
    result = detector.predict(photos)
    flagged = result["is_anomalous"] | ~result.get("in_domain", np.True_)
    return [detector.threshold["fpr"], float(flagged.mean())]


def percent(values):
    """Mean, and twice its standard error, in percent."""
    error = 2 * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{100 * np.mean(values):.1f} ± {100 * error:.1f} %"


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=list(KINDS))
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="folder's seed")
    parser.add_argument("--config", default="memory")
    parser.add_argument("--product-only", action="store_true")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"without it: {' '.join(SETTINGS)}",
    )
    options = parser.parse_args(arguments)
    settings = options.set or SETTINGS
    titles = ["guaranteed", "flagged", "each file for itself", "flagged"]
    titles = titles[: 2 if options.product_only else 4]
    print(f"| folder | {' | '.join(titles)} |")
    print(f"| --- |{' ---: |' * len(titles)}")
    for kind in options.kinds or KINDS:
        rows = []
        for seed in range(options.first, options.first + options.repeats):
            given = options.config, settings, options.product_only
            rows.append(once(kind, seed, *given))
            print(f"\r{kind}: {len(rows)}", end="", file=sys.stderr)
        cells = [kind.replace("_", " ")]
        columns = np.transpose(rows)
        for said, flagged in zip(columns[::2], columns[1::2], strict=True):
            cells.append(f"at most {100 * said.mean():.1f} %")
            cells.append(percent(flagged))
        print(f"\r| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
