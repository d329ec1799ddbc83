import click

from kerasad.cli.options import layout_option, say


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
    from kerasad.capsules import write_category
    from kerasad.cli.progress import counter

    write_category(folder, size=size, seed=seed, progress=counter("drawing"))
    click.echo(folder)


@command.command("check")
@click.argument("folder", type=click.Path())
@layout_option
def check(folder, layout):
    """Read every image and mask in FOLDER; a table of what is there.

    A row for each part of each split: images, their sizes, and how many look
    as photos should not (of one colour, of two values, hardly any contrast).
    What is wrong but usable is a warning.
    """
    from kerasad.config import DEFAULT_SIDES
    from kerasad.data.aspect import squashed
    from kerasad.data.flaws import overview, remarks
    from kerasad.data.layouts import open_category

    category = open_category(folder, layout)
    say(f"{folder}: {category.layout}")
    samples = category.samples("train") + category.validation
    if "test" in category.problems or category.test:
        samples = samples + category.samples("test")
    else:
        say(f"{folder}: no test split; it can be trained on, not evaluated")
    rows, warnings = overview(category, samples)
    for row in rows:
        click.echo(row)
    warnings += squashed(category.train, DEFAULT_SIDES)
    for warning in remarks(category) + warnings:
        say(f"warning: {warning}")
