import click

from kerasad.cli.options import say


@click.group("data")
def command():
    """Draw the built-in data, or check a folder."""


@command.command("capsules")
@click.argument("folder", type=click.Path())
@click.option(
    "--size",
    type=click.IntRange(min=16),
    default=256,
    show_default=True,
    help="Side of the images in pixels.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True
)
def capsules(folder, size, seed):
    """Draw the built-in capsules into FOLDER, which must not exist.

    \b
    Example:
      kerasad data capsules capsules_512 --size 512
    """
    from kerasad.capsules.category import write_category
    from kerasad.cli.progress import counter

    write_category(folder, size=size, seed=seed, progress=counter("drawing"))
    click.echo(folder)


@command.command("check")
@click.argument("folder", type=click.Path())
@click.option("--layout", help="Read it so, instead of as it looks.")
def check(folder, layout):
    """Read every image and mask in FOLDER and count what is there.

    Says how the folder was read, and warns of what makes little sense: test
    images that were trained on, copies, blank images, masks without image or
    with black and white swapped, files left out.
    """
    from kerasad.cli.progress import counter
    from kerasad.data.check import check
    from kerasad.data.layouts import open_category
    from kerasad.text import one_line

    category = open_category(folder, layout)
    say(f"{folder}: read as {category.layout}")
    counts, warnings = check(category, counter("reading"))
    for (group, width, height), count in counts.items():
        click.echo(
            f"{one_line(group):<24} {count:>6} images of {width} x {height}"
        )
    if not category.test:
        say(f"{folder}: no test split; it can be trained on, not evaluated")
    for warning in warnings:
        say(f"warning: {warning}")
