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
    from kerasad.cli.progress import counter
    from kerasad.data.capsules import write_category

    write_category(folder, size=size, seed=seed, progress=counter("drawing"))
    click.echo(folder)


@command.command("check")
@click.argument("folder", type=click.Path())
def check(folder):
    """Read every image and mask in FOLDER and count what is there."""
    from pathlib import Path

    from kerasad.data.images import read_image, read_mask
    from kerasad.data.mvtec import test_samples, training_samples
    from kerasad.errors import InputError
    from kerasad.text import one_line

    samples = training_samples(folder)
    if (Path(folder) / "test").is_dir():
        samples += test_samples(folder)
    else:
        say(f"{folder}: no test split; it can be trained on, not evaluated")
    counts = {}
    for sample in samples:
        shape = read_image(sample.path).shape
        if sample.mask_path is not None:
            mask = read_mask(sample.mask_path)
            if mask.shape != shape[:2]:
                raise InputError(
                    f"{sample.mask_path}: is {mask.shape[1]} x "
                    f"{mask.shape[0]} pixels, its image {shape[1]} x "
                    f"{shape[0]}; they must be equal"
                )
            if not mask.any():
                raise InputError(
                    f"{sample.mask_path}: marks no pixel; a defective image "
                    "needs a mask of its defect"
                )
        key = (f"{sample.split}/{sample.defect}", shape[1], shape[0])
        counts[key] = counts.get(key, 0) + 1
    for (group, width, height), count in counts.items():
        group = f"{one_line(group):<24}"
        click.echo(f"{group} {count:>6} images of {width} x {height}")
