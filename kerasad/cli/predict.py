import contextlib
import importlib
import json
import os
import sys

import click

from kerasad.cli.options import (
    IMPORTED,
    OutputFolder,
    backend_option,
    import_option,
    ray_option,
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
    "--masks",
    type=click.Choice(["coco"]),
    help="Writes coco.json, or one file a shard, beside the overlays, the "
    "results or the maps: boxes and masks of what is over the pixel threshold.",
)
@click.option(
    "--parquet",
    type=click.Path(dir_okay=False),
    help="Writes the lines as a table to this file, too.",
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
@ray_option
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Of --ray, each with the detector loaded. Defaults to the cores.",
)
@backend_option
@import_option
@click.pass_context
def command(
    ctx,
    detector,
    paths,
    out,
    maps,
    map_format,
    masks,
    parquet,
    batch_size,
    fail_on_anomaly,
    shard,
    results,
    ray,
    workers,
):
    """Score images with DETECTOR; one JSON object a line.

    DETECTOR is a .keras file, or hf://OWNER/REPO/FILE.keras[@REVISION], or
    what `kerasad export` made of one: .onnx or .xml, which need no Keras.

    PATH is a file, a folder (with all below it), a glob (in quotes, if there
    are too many files for the shell; ** goes down into folders) or -, which
    reads files and folders from stdin, one a line.

    Keys: path, page (of a TIFF with several, from 0), anomaly_score, p_value,
    is_anomalous, threshold, regions. Each region, the worst first, has its box
    [x, y, width, height] and area in pixels of the image, upright, and its
    peak in the anomaly map. A detector of the recipe accurate adds domain, how
    the image was taken, and in_domain; where that is false the image is not
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
      kerasad predict detector.keras /data --results scores --ray
    """
    if shard is not None and results is None:
        raise click.UsageError("--shard goes with --results")
    if workers is not None and not ray:
        raise click.UsageError("--workers goes with --ray")
    if masks and not (out or results or maps):
        raise click.UsageError("--masks goes with --out, --results or --maps")
    from kerasad.hub import fetched

    detector = fetched(detector)
    if results is not None:
        from kerasad.shards import Results, shard_of

        share = shard_of(shard or "1/1")
        results = Results(results, share, existing(detector))
    from kerasad.coco import NAME, CocoFile, Masks
    from kerasad.lines import alarming
    from kerasad.map_files import MapFiles
    from kerasad.prediction import image_paths

    keepers = [(MapFiles, maps, map_format)] if maps else []
    sinks = []
    if masks:
        folder = out or (results.folder if results else maps)
        keepers.append((Masks,))
        several = results and results.count > 1
        name = f"{results.path.stem}.{NAME}" if several else NAME
        sinks.append(CocoFile(folder / name))
    if parquet:
        from kerasad.parquet import ParquetFile

        sinks.append(ParquetFile(parquet))
    left_out = []
    files = image_paths(paths, sys.stdin.buffer, left_out)
    score = scoring(ctx, detector, keepers, ray, workers)
    failures = anomalies = 0
    stdout = sys.stdout  # which Ray must not write to
    with contextlib.ExitStack() as stack:
        wanted = None
        if results:
            stack.enter_context(results)
            wanted = results.wanted
            failures, anomalies = results.failures, results.anomalies
        for sink in sinks:
            stack.enter_context(sink)
            for line in results.lines() if results else ():
                sink.add(line)
        for line in score(files, batch_size, out, wanted):
            if results:
                results.add(line)
            else:
                click.echo(json.dumps(line), file=stdout)
            for sink in sinks:
                sink.add(line)
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


def scoring(ctx, detector, keepers, ray, workers):
    """A function from files, batch size, overlays' folder and what is wanted
    to lines; the detector and the `keepers` are known to be in order."""
    from kerasad.opening import open_detector
    from kerasad.prediction import joined, predict_files

    if ray:
        from kerasad.fleet.scoring import predict_on_ray

        importlib.import_module("ray")  # before a detector is read in vain
    fitted = open_detector(detector)
    fitted.check_calibrated()
    keep = joined([make(*rest, fitted) for make, *rest in keepers])
    if not ray:
        return lambda files, batch_size, out, wanted: predict_files(
            fitted, files, batch_size, out, wanted, keep
        )
    modules = ctx.meta.get(IMPORTED, ())
    return lambda *arguments: predict_on_ray(
        detector, *arguments, keepers, workers, modules
    )


def existing(detector):
    """The path, which must be there before anything is made."""
    if not os.path.isfile(detector):
        raise click.UsageError(f"{detector}: no such file")
    return detector
