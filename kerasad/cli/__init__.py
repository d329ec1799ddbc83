import errno
import importlib
import shlex
import sys

import click

from kerasad.allocator import keep_pages
from kerasad.cli.options import backend_option, say
from kerasad.cli.signals import signals
from kerasad.errors import InputError
from kerasad.text import one_line
from kerasad.version import __version__

# name -> one line of help; a command's module is imported when it is called.
COMMANDS = {
    "train": "Train a detector on good images and calibrate it.",
    "threshold": "Set the threshold of a detector anew.",
    "evaluate": "Score a labelled test split and print a table.",
    "predict": "Score images; one JSON object a line.",
    "train-many": "Train a detector for each of many categories.",
    "evaluate-many": "Evaluate them, with the mean of all.",
    "serve": "Answer over HTTP, with metrics and a page.",
    "export": "Write a detector as a model for another runtime.",
    "data": "Draw the built-in data, or check a folder.",
    "configs": "List the recipes, or show one.",
}
# Packages that an extra brings, as imported: without one, kerasad predicts
# with exported detectors alone.
EXTRAS = {
    "torch": "h5py jinja2 keras matplotlib scipy skimage sklearn yaml".split(),
    "ray": ["ray"],
    "parquet": ["pyarrow"],
    "serve": "fastapi prometheus_client starlette uvicorn".split(),
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
        module = importlib.import_module(
            f"kerasad.cli.{name.replace('-', '_')}"
        )
        return module.command

    def format_commands(self, ctx, formatter):
        # From the table: listing the commands must not import them.
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args=None, *rest, **kwargs):
        arguments = list(sys.argv[1:] if args is None else args)
        self.line = shlex.join(["kerasad", *arguments])
        with signals.caught():
            return super().main(args, *rest, **kwargs)

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except BaseException as error:
            if signals.number is not None:
                self.interrupted(ctx)
            if isinstance(error, InputError):
                raise Mendable(one_line(error)) from error
            if isinstance(error, ModuleNotFoundError):
                if (advice := missing_package(error)) is not None:
                    raise Mendable(advice) from error
            if isinstance(error, OSError) and error.errno != errno.EPIPE:
                raise Mendable(one_line(system_error(error))) from error
            raise

    def interrupted(self, ctx):
        """Ends the program, saying how training goes on."""
        if sys.stderr.isatty():
            say("")  # the line with the progress is not at its end
        if ctx.invoked_subcommand == "train":
            again = "" if "--resume" in self.line else " --resume"
            say(f"interrupted; go on with: {self.line}{again}")
        else:
            say("interrupted")
        sys.exit(signals.status)


def missing_package(error: ModuleNotFoundError) -> str | None:
    """What to install; `None` if no extra would bring it."""
    for extra, packages in EXTRAS.items():
        if error.name in packages:
            others = " (or [tensorflow] or [jax])" * (extra == "torch")
            return (
                f"this needs {error.name}, which is not installed: "
                f'pip install "kerasad[{extra}]"{others}'
            )
    return None


def system_error(error: OSError) -> str:
    """One line on what the system would not do, and to which file."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}
)
@backend_option
@click.version_option(__version__)
def cli():
    """Train, calibrate and run visual anomaly detectors."""
    keep_pages()
