import click

from kerasad.cli.options import backend_option, import_option, say
from kerasad.export import FORMATS


def height_and_width(ctx, param, value):
    """`480x640` as `(480, 640)`."""
    if value is None:
        return None
    sides = value.lower().split("x")
    if len(sides) != 2 or not all(
        s.isdecimal() and len(s) < 10 and int(s) for s in sides
    ):
        raise click.BadParameter(
            f"must be HxW in pixels, such as 480x640. Received: {value!r}"
        )
    from kerasad.data.decoding import MAX_PIXELS

    height, width = (int(side) for side in sides)
    if height * width > MAX_PIXELS:
        raise click.BadParameter(
            f"must be at most {MAX_PIXELS} pixels. Received: {value!r}"
        )
    return height, width


@click.command("export")
@click.argument("detector", type=click.Path())
@click.option(
    "--format",
    "format",
    type=click.Choice(FORMATS),
    required=True,
    help="What the runtime reads.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(),
    required=True,
    help="File that ends in .onnx, .xml, .tflite or .pt2, or the folder of "
    "a SavedModel. A previous export is replaced.",
)
@click.option(
    "--input-size",
    callback=height_and_width,
    metavar="HxW",
    help="Size of the camera's images, which the model then resizes. "
    "Defaults to that of the training photos.",
)
@click.option(
    "--data",
    type=click.Path(),
    help="Folder of good photos to check the model with, at their own size. "
    "Defaults to a few training images in DETECTOR.",
)
@backend_option
@import_option
def command(detector, format, out, input_size, data):
    """Write DETECTOR as a model for another runtime.

    Raw uint8 images in; anomaly_map, anomaly_score, is_anomalous, threshold,
    pixel_threshold and reconstruction out. The model is run on a few images
    before it is written, where its runtime is installed, and must agree with
    DETECTOR. Feed it photos as they come from the camera: it resizes them.

    \b
    Example:
      kerasad export runs/default/detector.keras --format onnx -o parts.onnx
    """
    from kerasad.export import export, find_format
    from kerasad.loading import load

    exported = export(load(detector), out, format, input_size, data)
    click.echo(exported.path)
    height, width = exported.input_size
    say(f"images: uint8 ({exported.batch or 'any'}, {height}, {width}, 3)")
    verified = exported.verified
    if verified is None:
        say(
            f"not verified: {exported.runtime} is not installed; "
            f"pip install {exported.runtime}, and export again"
        )
        return
    say(
        f"verified with {exported.runtime}: scores differ by at most "
        f"{verified.difference:.1e}, relative, on {verified.photos}"
    )
    for change in verified.changes:
        height, width = change.size
        say(
            f"photos that {change.by} made {height}x{width} first: scores "
            f"change by at most {change.score:.2g}, {change.decisions} of "
            f"{change.images} decisions"
        )
    if any(change.decisions for change in verified.changes):
        say("so feed photos as they are, of the size above")
    if hint := find_format(format).hint:
        say(hint)
