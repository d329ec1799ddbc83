import sys

import click

from kerasad.cli.options import backend_option, say


@click.command("evaluate-many")
@click.argument("runs", type=click.Path())
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Evaluations at a time; the cores are shared out among them.",
)
@backend_option
def command(runs, options, jobs):
    """Evaluate all detectors of RUNS, print a table with the mean.

    RUNS is the --out of `kerasad train-many`. What follows -- goes to
    `kerasad evaluate`. Writes index.html, which links the reports. What was
    evaluated so already is not evaluated again.

    \b
    Example:
      kerasad evaluate-many runs/many --jobs 2 -- --shift
    """
    from kerasad.many.run import evaluate_many

    table, status = evaluate_many(runs, jobs, options, say)
    click.echo(table)
    say(f"written to {runs}")
    sys.exit(status)
