import click

from kerasad.calibration.fit import METHODS
from kerasad.cli.options import (
    backend_option,
    detector_argument,
    group_by_option,
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
    help="Normal images to calibrate on; those trained on, and copies of "
    "them, are left out. Defaults to the calibration scores in the file.",
)
@group_by_option
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
@click.option(
    "--shifted",
    is_flag=True,
    help="--data was taken under new conditions, such as another lamp: the "
    "threshold under such is fitted to it, that of the others stays.",
)
@backend_option
@import_option
def command(detector, data, group_by, layout, method, k, fpr, shifted):
    """Set the threshold of DETECTOR, a .keras file, which is replaced.

    No anomalous image is read: of a category validation/good is, and where
    there is none, train/good.

    \b
    Example:
      kerasad threshold runs/default/detector.keras --method iqr
      kerasad threshold detector.keras --data new_good --shifted \
          --method conformal
    """
    from kerasad.loading import load

    data = laid_out(data, layout)
    fitted = load(detector)
    if data is None:
        if group_by is not None:
            raise click.UsageError("--group-by goes with --data")
        if shifted:
            raise click.UsageError("--shifted goes with --data")
        fitted.set_threshold(method, k, fpr)
    else:
        from kerasad.calibration.independence import recalibrate

        recalibrate(fitted, data, group_by, method, k, fpr, say, shifted)
    fitted.save(detector)
    click.echo(f"{fitted.threshold['threshold']:.6g}")
    say(f"{method}: {fitted.threshold['promise']}")
    if "shifted" in fitted.threshold:
        say(f"other conditions: {fitted.threshold['shifted']['promise']}")
    pixel = fitted.pixel_threshold
    say(f"pixel threshold {pixel['threshold']:.6g}: {pixel['promise']}")
