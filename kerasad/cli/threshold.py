import click

from kerasad.calibration.fit import METHODS
from kerasad.cli.options import (
    backend_option,
    detector_argument,
    import_option,
    laid_out,
    layout_option,
    say,
)


@click.command("threshold")
@detector_argument
@click.option(
    "--data",
    type=click.Path(),
    help="Normal images to calibrate on, not trained on. Defaults to the "
    "calibration scores in the file.",
)
@layout_option
@click.option(
    "--method",
    type=click.Choice(list(METHODS)),
    required=True,
    help="How the threshold follows from the normal scores.",
)
@click.option("--k", type=float, help="Width, for n-sigma, iqr and mad.")
@click.option(
    "--fpr",
    type=float,
    help="Tolerated false-positive rate, for fpr, conformal and evt.",
)
@backend_option
@import_option
def command(detector, data, layout, method, k, fpr):
    """Set the threshold of DETECTOR, a .keras file, which is replaced.

    No anomalous image is read: of a category validation/good is, and where
    there is none, train/good.

    \b
    Example:
      kerasad threshold runs/default/detector.keras --method iqr
    """
    from kerasad.loading import load

    data = laid_out(data, layout)
    fitted = load(detector)
    if data is None:
        fitted.set_threshold(method, k, fpr)
    else:
        from kerasad.data.images import load_images
        from kerasad.data.layouts import open_category

        category = open_category(data)
        say(f"{category.root}: {category.layout}")
        samples = category.validation or category.samples("train")
        images = load_images(samples, fitted.image_size)
        fitted.calibrate(images, method, k, fpr)
    fitted.save(detector)
    click.echo(f"{fitted.threshold['threshold']:.6g}")
    say(f"{method}: {fitted.threshold['promise']}")
    pixel = fitted.pixel_threshold
    say(f"pixel threshold {pixel['threshold']:.6g}: {pixel['promise']}")
