import os
from pathlib import Path

import click

from kerasad.cli.options import (
    DETECTOR,
    OutputFolder,
    backend_option,
    data_option,
    data_or_builtin,
    detector_argument,
    import_option,
    laid_out,
    layout_option,
    say,
)


def severities_of(ctx, param, value):
    """`0.5,1` or `0.5 1` as `[0.5, 1.0]`."""
    try:
        return [float(text) for text in value.replace(",", " ").split()]
    except ValueError as error:
        raise click.BadParameter(
            f"must be numbers, such as 0.5,1,2. Received: {value!r}"
        ) from error


def is_path(text) -> bool:
    """Whether an argument is a detector's file and no category."""
    return text.endswith(".keras") or os.sep in text


@click.command("evaluate")
@detector_argument
@data_option
@layout_option
@click.option(
    "--shift",
    metavar="NAME",
    is_flag=False,
    flag_value="paper",
    help="Shifts the domain of the test images: paper (the default of the "
    "bare flag), one factor such as rotation or noise, or all, which is "
    "--sweep.",
)
@click.option(
    "--severity",
    type=click.FloatRange(min=0.0),
    default=1.0,
    show_default=True,
    help="Size of the shift; 1 is the paper's.",
)
@click.option(
    "--sweep",
    "sweeping",
    is_flag=True,
    help="Scores the images under each shift at several severities as well; "
    "with --shift NAME under that one only.",
)
@click.option(
    "--severities",
    callback=severities_of,
    default="0.25,0.5,1,1.5,2",
    show_default=True,
    metavar="S,S,...",
    help="Of the sweep, each over 0 and at most 2.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the shifts and of the confidence intervals.",
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
    type=OutputFolder(),
    help="Folder for metrics.json, scores.csv, heatmaps, report.html and "
    "card.md, a model card for the Hugging Face Hub, and sweep.json and "
    "sweep.png. Defaults to `evaluation` beside the detector.",
)
@backend_option
@import_option
def command(
    detector,
    data,
    layout,
    shift,
    severity,
    sweeping,
    severities,
    seed,
    min_defect_area,
    out,
):
    """Score the test split of --data with DETECTOR, print a table.

    \b
    Examples:
      kerasad evaluate
      kerasad evaluate runs/part/detector.keras --shift --severity 0.5
      kerasad evaluate --sweep
    """
    from kerasad.lean_keras import import_keras

    import_keras()
    from kerasad.cli.progress import counter
    from kerasad.evaluation import evaluate, sweep
    from kerasad.loading import load
    from kerasad.reports.results import table, write_results
    from kerasad.reports.sweep import sweep_table

    if shift is not None and detector == DETECTOR and is_path(shift):
        detector, shift = shift, "paper"  # the bare flag, then DETECTOR
    sweeping = sweeping or shift == "all"
    shifts = None if shift in (None, "all") else [shift]
    data = laid_out(data, layout)
    fitted = load(detector)
    data = data_or_builtin(data, max(fitted.image_size))
    swept = None
    if sweeping:
        swept = sweep(
            fitted,
            data,
            shifts,
            severities,
            seed,
            counter("sweeping"),
            min_defect_area,
        )
    evaluation = evaluate(
        fitted,
        data,
        None if sweeping else shift,
        severity,
        seed,
        min_defect_area,
        counter("scoring"),
    )
    out = out or Path(detector).parent / "evaluation"
    write_results(
        evaluation, fitted, out, counter("drawing heatmaps"), swept, say
    )
    for remark in evaluation.remarks:
        say(f"warning: {remark}")
    click.echo(table(evaluation.metrics))
    if swept is not None:
        click.echo(f"\n{sweep_table(swept)}")
    say(f"written to {out}")
