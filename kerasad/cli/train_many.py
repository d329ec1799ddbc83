import sys

import click

from kerasad.cli.options import (
    OutputFolder,
    backend_option,
    ray_option,
    say,
)


@click.command("train-many")
@click.argument("parts", type=click.Path(exists=True))
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Trainings at a time, 1 if not given, or with --ray one a machine; "
    "cores and memory are shared out among them.",
)
@click.option(
    "--out",
    type=OutputFolder(),
    default="runs/many",
    show_default=True,
    help="Folder of the runs.",
)
@ray_option
@backend_option
def command(parts, options, jobs, out, ray):
    """Train a detector for each category of PARTS.

    PARTS is a folder of categories, or a YAML file of lines `name: folder`.
    What follows -- goes to `kerasad train`, such as --config or --set.
    Prints a table and writes index.html. Run again, it goes on: finished
    detectors are left as they are.

    With --ray each is a task; PARTS and --out lie on a disk that all machines
    of the cluster see.

    \b
    Example:
      kerasad train-many mvtec_ad --jobs 2 -- --config fast
      kerasad evaluate-many runs/many
    """
    from kerasad.many.run import train_many

    run = {}
    if ray:
        from kerasad.fleet.training import run_on_ray

        run["run"] = run_on_ray
    else:
        jobs = jobs or 1
    table, status = train_many(parts, out, jobs, options, say, **run)
    click.echo(table)
    say(f"written to {out}")
    sys.exit(status)
