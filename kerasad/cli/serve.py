import contextlib
import os

import click

from kerasad.cli.options import backend_option, import_option, say


@click.command("serve")
@click.argument("detectors", nargs=-1, required=True, metavar="DETECTOR...")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="0 for one that is free.",
)
@click.option(
    "--log",
    type=click.Path(dir_okay=False),
    help="Append a JSON object for each request to this file.",
)
@click.option(
    "--max-mb",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="Of the body of a request. KERASAD_MAX_PIXELS limits the image.",
)
@click.option(
    "--queue",
    type=click.IntRange(min=1),
    default=128,
    show_default=True,
    help="Open requests, all together; more get status 503.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    help="Seconds within which a request is answered, or gets status 504.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    help="Images of waiting requests that are scored together.",
)
@backend_option
@import_option
def command(detectors, host, port, log, max_mb, queue, timeout, batch_size):
    """Answer over HTTP with one or more detectors.

    DETECTOR is a .keras file, or an exported .onnx or .xml, or NAME=FILE. A
    file that is replaced is served from then on. Prints its address; there a
    browser shows the last images.

    POST /predict takes an image file, POST /predict/NAME where there are
    several detectors; /v2 speaks the Open Inference Protocol, /metrics
    Prometheus. On another address than loopback KERASAD_TOKEN must be set.

    \b
    Example:
      kerasad serve runs/part/detector.keras
      curl --data-binary @photo.png http://127.0.0.1:8000/predict
    """
    from kerasad.serving.limits import Limits
    from kerasad.serving.run import serve

    limits = Limits(max_mb, queue, timeout, batch_size)
    token = os.environ.get("KERASAD_TOKEN") or None
    # The signal comes out of it once what was open is answered, unless
    # somebody swallows it on the way.
    with contextlib.suppress(KeyboardInterrupt):
        serve(detectors, host, port, token, limits, log, click.echo)
    say("stopped")
