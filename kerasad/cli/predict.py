import itertools
import json
import sys
from pathlib import Path

import click

from kerasad.cli.options import backend_option


@click.command("predict")
@click.argument("detector", type=click.Path())
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for overlays: the image with its anomaly map.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    help="Images in memory at a time.",
)
@backend_option
def command(detector, paths, out, batch_size):
    """Score images or folders with DETECTOR; one JSON object a line.

    Keys: path, anomaly_score, p_value, is_anomalous, threshold. An image that
    cannot be read gives a line with `path` and `error`, and exit status 2 in
    the end.

    \b
    Example:
      kerasad predict runs/default/detector.keras photos --out overlays
    """
    from kerasad.detector import load

    files = iter(expand(paths))
    fitted = load(detector)
    failures = 0
    while chunk := list(itertools.islice(files, batch_size)):
        for line in score(fitted, chunk, batch_size, out):
            failures += "error" in line
            click.echo(json.dumps(line))
        sys.stdout.flush()
    if failures:
        click.echo(f"{failures} images could not be read", err=True)
        sys.exit(2)


def expand(paths):
    """The files named, and the images in the folders named."""
    from kerasad.data.images import image_files
    from kerasad.errors import InputError

    for path in map(Path, paths):
        if not path.is_dir():
            yield path
            continue
        files = image_files(path)
        if not files:
            raise InputError(
                f"{path}: no PNG, JPEG, BMP, TIFF or WebP images in it"
            )
        yield from files


def score(detector, files, batch_size, out):
    """One dict a file, in order."""
    from kerasad.data.images import read_image
    from kerasad.errors import InputError
    from kerasad.thresholds import p_values

    images, errors = {}, {}
    for path in files:
        try:
            images[path] = read_image(path, detector.image_size[0])
        except InputError as error:
            errors[path] = str(error)
    if images:
        batch = list(images.values())
        result = detector.predict(batch, batch_size)
        chances = p_values(
            detector.calibration["scores"], result["anomaly_score"]
        )
    for path in files:
        if path in errors:
            yield {"path": str(path), "error": errors[path]}
            continue
        index = list(images).index(path)
        yield {
            "path": str(path),
            "anomaly_score": float(result["anomaly_score"][index]),
            "p_value": float(chances[index]),
            "is_anomalous": bool(result["is_anomalous"][index]),
            "threshold": detector.threshold["threshold"],
        }
        if out is not None:
            write_overlay(
                out, path, images[path], result["anomaly_map"][index], detector
            )


def write_overlay(out, path, image, anomaly_map, detector):
    from kerasad.reports.figures import overlay, write_image

    out.mkdir(parents=True, exist_ok=True)
    low, high = detector.calibration["map_range"]
    write_image(
        out / f"{path.stem}.png", overlay(image, anomaly_map, low, high)
    )
