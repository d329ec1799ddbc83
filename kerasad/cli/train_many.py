import sys

import click

from kerasad.cli.options import OutputFolder, backend_option, say


@click.command("train-many")
@click.argument("parts", type=click.Path(exists=True))
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Trainings at a time; the cores are shared out among them.",
)
@click.option(
    "--out",
    type=OutputFolder(),
    default="runs/many",
    show_default=True,
    help="Folder of the runs.",
)
@backend_option
def command(parts, options, jobs, out):
    """Train a detector for each category of PARTS.

    PARTS is a folder of categories, or a YAML file of lines `name: folder`.
    What follows -- goes to `kerasad train`, such as --config or --set.
    Prints a table and writes index.html. Run again, it goes on: finished
    detectors are left as they are.

    \b
    Example:
      kerasad train-many mvtec_ad --jobs 2 -- --config fast
      kerasad evaluate-many runs/many
    """
    from kerasad.many.run import train_many

    table, status = train_many(parts, out, jobs, options, say)
    click.echo(table)
    say(f"written to {out}")
    sys.exit(status)
