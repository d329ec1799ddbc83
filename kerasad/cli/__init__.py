import importlib

import click

from kerasad.cli.options import backend_option
from kerasad.errors import InputError, one_line
from kerasad.version import __version__

# name -> one line of help; a command's module is imported when it is called.
COMMANDS = {
    "train": "Train a detector on good images and calibrate it.",
    "threshold": "Set the threshold of a detector anew.",
    "evaluate": "Score a labelled test split and print a table.",
    "predict": "Score images; one JSON object a line.",
    "export": "Write a detector as a model for another runtime.",
    "data": "Draw the built-in data, or check a folder.",
    "configs": "List the recipes, or show one.",
}


class Mendable(click.ClickException):
    """A mistake of the user's: one line, exit status 2."""

    exit_code = 2


class Commands(click.Group):
    def list_commands(self, ctx):
        return list(COMMANDS)

    def get_command(self, ctx, name):
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"kerasad.cli.{name}")
        return module.command

    def format_commands(self, ctx, formatter):
        # From the table: listing the commands must not import them.
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except InputError as error:
            raise Mendable(one_line(error)) from error


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}
)
@backend_option
@click.version_option(__version__)
def cli():
    """Train, calibrate and run visual anomaly detectors."""
