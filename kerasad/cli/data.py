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
def check(folder):
    """Read every image and mask in FOLDER and count what is there.

    Warns of test images that are also in train/good, of masks without image
    and of masks that are not binary.
    """
    from pathlib import Path

    from kerasad.data.flaws import is_binary, leaked, remarks
    from kerasad.data.mvtec import read_sample, test_samples, training_samples
    from kerasad.text import one_line

    samples, warnings = training_samples(folder), []
    if (Path(folder) / "test").is_dir():
        test = test_samples(folder)
        samples += test
        warnings = remarks(folder, test, leaked(folder, test))
    else:
        say(f"{folder}: no test split; it can be trained on, not evaluated")
    counts, grey = {}, []
    for sample in samples:
        height, width = read_sample(sample)[0].shape[:2]
        if sample.mask_path is not None and not is_binary(sample.mask_path):
            grey.append(sample.mask_path)
        key = (f"{sample.split}/{sample.defect}", width, height)
        counts[key] = counts.get(key, 0) + 1
    for (group, width, height), count in counts.items():
        click.echo(
            f"{one_line(group):<24} {count:>6} images of {width} x {height}"
        )
    if grey:
        warnings.append(
            f"{len(grey)} of the masks have several values besides 0, such "
            f"as {grey[0].relative_to(folder).as_posix()}: each counts as "
            "defect"
        )
    for warning in warnings:
        say(f"warning: {warning}")
