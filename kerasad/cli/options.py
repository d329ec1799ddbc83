"""Options that several commands share."""

import os
from pathlib import Path

import click

from kerasad.backend import BACKENDS
from kerasad.data.layout_names import LAYOUT_NAMES
from kerasad.text import one_line

IMPORTED = "kerasad.imported"  # for processes elsewhere to import as well
DETECTOR = "runs/default/detector.keras"  # what `kerasad train` writes


def remember_backend(ctx, param, value):
    """Callback of `--backend`."""
    if value:
        os.environ["KERAS_BACKEND"] = value  # before Keras is imported
    return value


backend_option = click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    callback=remember_backend,
    expose_value=False,
    is_eager=True,
    help="Keras backend. Defaults to KERAS_BACKEND, then what Keras takes by "
    "itself, then what is installed.",
)


def import_modules(ctx, param, value):
    """Files and modules of the person's own, which may declare methods."""
    for name in value:
        from kerasad.backend import ensure_backend
        from kerasad.importing import import_module

        ensure_backend(os.environ.get("KERAS_BACKEND"))
        import_module(name)
    ctx.meta[IMPORTED] = value
    return value


import_option = click.option(
    "--import",
    multiple=True,
    metavar="MODULE",
    callback=import_modules,
    expose_value=False,
    help="A Python file or module of yours to import first, such as one that "
    "declares a method; may be repeated.",
)

detector_argument = click.argument(
    "detector", type=click.Path(), default=DETECTOR
)

data_option = click.option(
    "--data",
    type=click.Path(),
    help="Folder of a category, see `kerasad data check`. Defaults to the "
    "built-in capsules.",
)

layout_option = click.option(
    "--layout",
    type=click.Choice(LAYOUT_NAMES),
    help="How to read the folder of --data, where that is not to be told from "
    "what is in it.",
)


group_by_option = click.option(
    "--group-by",
    metavar="WORD|REGEX",
    help="What belongs together, is held out whole and counts once in the "
    "guarantee: near-copies (the default: frames of one part, told by their "
    "pixels), folder, none, or a regular expression on the path, such as "
    r"'part(\d+)_'.",
)


ray_option = click.option(
    "--ray",
    is_flag=True,
    help="Run on Ray: on the cluster of RAY_ADDRESS, or on the cores of this "
    "machine.",
)


class OutputFolder(click.Path):
    """A folder that can be made: nothing on the way to it is a file."""

    def __init__(self):
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value, param, ctx):
        folder = super().convert(value, param, ctx)
        for parent in folder.parents:
            if parent.exists() and not parent.is_dir():
                self.fail(f"{parent} is a file, not a folder.", param, ctx)
        return folder


def say(text):
    """Commentary goes to stderr; results have stdout to themselves."""
    click.echo(one_line(text), err=True)


def laid_out(data, layout):
    """The folder of `--data`, read in the layout if one is named."""
    if layout is None:
        return data
    if data is None:
        raise click.UsageError("--layout goes with --data")
    from kerasad.data.layouts import open_category

    return open_category(data, layout)


def data_or_builtin(data, size):
    """What was given, or the folder of the built-in capsules at `size`."""
    if data is not None:
        return data
    from kerasad.capsules import builtin_capsules
    from kerasad.cli.progress import counter

    return builtin_capsules(size, counter("drawing the built-in capsules"))
