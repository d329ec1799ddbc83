import contextlib
import json
import os
import sys

import click

from kerasad.cli.options import (
    OutputFolder,
    backend_option,
    import_option,
    say,
)


@click.command("predict")
@click.argument("detector", type=click.Path())
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--out",
    type=OutputFolder(),
    help="Folder for overlays: the image with its anomaly map.",
)
@click.option(
    "--maps",
    type=OutputFolder(),
    help="Folder for the anomaly maps, at the size of the images.",
)
@click.option(
    "--map-format",
    type=click.Choice(["tiff", "png", "mvtec-ad-2"]),
    default="tiff",
    show_default=True,
    help="tiff: values, float16. png: 0 to 255 on the overlays' scale. "
    "mvtec-ad-2: what that benchmark's server takes, with masks.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    help="Images in memory at a time; 1 answers each as it comes.",
)
@click.option(
    "--fail-on-anomaly",
    is_flag=True,
    help="Exit with status 3 if an image is anomalous, or not judged.",
)
@click.option(
    "--shard",
    metavar="I/N",
    help="Score the Ith of N shares of the images, in --results.",
)
@click.option(
    "--results",
    type=OutputFolder(),
    help="Folder to append the lines to, instead of stdout; images that have "
    "one there are left out. So an interrupted run goes on.",
)
@backend_option
@import_option
def command(
    detector,
    paths,
    out,
    maps,
    map_format,
    batch_size,
    fail_on_anomaly,
    shard,
    results,
):
    """Score images with DETECTOR; one JSON object a line.

    DETECTOR is a .keras file, or what `kerasad export` made of one: .onnx or
    .xml, which need no Keras.

    PATH is a file, a folder (with all below it), a glob (in quotes, if there
    are too many files for the shell; ** goes down into folders) or -, which
    reads files and folders from stdin, one a line.

    Keys: path, page (of a TIFF with several, from 0), anomaly_score, p_value,
    is_anomalous, threshold, regions. Each region, the worst first, has its box
    [x, y, width, height] and area in pixels of the image, upright, and its
    peak in the anomaly map. A detector of the recipe fast adds domain, how the
    image was taken, and in_domain; where that is false the image is not
    judged and is_anomalous is null.

    An image that cannot be read gives a line with path and error; the others
    are scored, and the exit status is 2, whatever they are: not all was
    looked at.

    \b
    Examples:
      kerasad predict runs/default/detector.keras photos --out overlays
      find /data -name '*.png' | kerasad predict detector.keras -
      kerasad predict detector.keras /data --results scores --shard 1/4
      kerasad predict detector.keras photos --maps maps --map-format png
    """
    if shard is not None and results is None:
        raise click.UsageError("--shard goes with --results")
    if results is not None:
        from kerasad.shards import Results, shard_of

        share = shard_of(shard or "1/1")
        results = Results(results, share, existing(detector))
    from kerasad.lines import alarming
    from kerasad.map_files import MapFiles
    from kerasad.opening import open_detector
    from kerasad.prediction import image_paths, predict_files

    fitted = open_detector(detector)
    keep = maps and MapFiles(maps, map_format, fitted)
    left_out = []
    files = image_paths(paths, sys.stdin.buffer, left_out)
    failures = anomalies = 0
    with results or contextlib.nullcontext():
        wanted = None
        if results:
            wanted = results.wanted
            failures, anomalies = results.failures, results.anomalies
        for line in predict_files(fitted, files, batch_size, out, wanted, keep):
            results.add(line) if results else click.echo(json.dumps(line))
            failures += "error" in line
            anomalies += alarming(line)
    if failures:
        say(f"{failures} images could not be read")
    if left_out:
        say(
            f"{len(left_out)} files of no known format were not looked at, "
            f"such as {left_out[0]}"
        )
    if failures or (fail_on_anomaly and left_out):
        sys.exit(2)
    if fail_on_anomaly and anomalies:
        sys.exit(3)


def existing(detector):
    """The path, which must be there before anything is made."""
    if not os.path.isfile(detector):
        raise click.UsageError(f"{detector}: no such file")
    return detector
