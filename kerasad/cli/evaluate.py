from pathlib import Path

import click

from kerasad.cli.options import (
    backend_option,
    data_option,
    data_or_builtin,
    say,
)


@click.command("evaluate")
@click.argument("detector", type=click.Path())
@data_option
@click.option(
    "--shift",
    metavar="NAME",
    is_flag=False,
    flag_value="paper",
    help="Shifts the domain of the test images: paper (the default of the "
    "bare flag), or one factor such as rotation or noise.",
)
@click.option(
    "--severity",
    type=click.FloatRange(min=0.0),
    default=1.0,
    show_default=True,
    help="Size of the shift; 1 is the paper's.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the shift.",
)
@click.option(
    "--min-defect-area",
    type=click.IntRange(min=0),
    default=0,
    metavar="PX",
    help="Leaves out images whose defect is smaller, in pixels at the "
    "detector's resolution.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for metrics.json, scores.csv and heatmaps. Defaults to "
    "`evaluation` beside the detector.",
)
@backend_option
def command(detector, data, shift, severity, seed, min_defect_area, out):
    """Score the test split of --data with DETECTOR, print a table.

    \b
    Examples:
      kerasad evaluate runs/default/detector.keras
      kerasad evaluate runs/default/detector.keras --shift --severity 0.5
    """
    from kerasad.cli.progress import counter
    from kerasad.detector import load
    from kerasad.evaluation import evaluate
    from kerasad.reports.results import table, write_results

    fitted = load(detector)
    data = data_or_builtin(data, fitted.image_size[0])
    evaluation = evaluate(
        fitted,
        data,
        shift,
        severity,
        seed,
        min_defect_area,
        counter("scoring"),
    )
    out = out or Path(detector).parent / "evaluation"
    write_results(evaluation, fitted, out, counter("drawing heatmaps"))
    click.echo(table(evaluation.metrics))
    say(f"written to {out}")
