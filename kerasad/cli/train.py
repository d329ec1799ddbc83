from pathlib import Path

import click

from kerasad.cli.options import (
    OutputFolder,
    backend_option,
    group_by_option,
    import_option,
    laid_out,
    layout_option,
    say,
)
from kerasad.text import counted


@click.command("train")
@click.option(
    "--config",
    "source",
    default="default",
    show_default=True,
    help="Name of a recipe (see `kerasad configs`) or a YAML file.",
)
@click.option(
    "--data",
    type=click.Path(),
    help="Category in MVTec layout, or a folder of good images. Defaults to "
    "the built-in capsules.",
)
@layout_option
@click.option(
    "--textures",
    type=click.Path(),
    help="Folder of foreign textures, such as DTD's images. Defaults to "
    "textures that kerasad draws.",
)
@click.option(
    "--out",
    type=OutputFolder(),
    help="Folder of the run. Defaults to runs/CONFIG.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Changes one key of the config; may be repeated.",
)
@click.option(
    "--calibration",
    type=click.Choice(["split", "cross"]),
    help="split: on the images held out. cross: on all, each scored by a "
    "detector trained without its fold, at --folds more trainings. Defaults "
    "to the config's.",
)
@click.option(
    "--folds",
    type=click.IntRange(min=2),
    help="Of cross calibration. Defaults to the config's.",
)
@group_by_option
@click.option("--seed", type=click.IntRange(min=0), help="Root of randomness.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Trains as many steps as fit into it, at most the recipe's; reading "
    "and calibrating come on top.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the interrupted run in --out, with the settings it had. "
    "A finished one is left as it is.",
)
@backend_option
@import_option
def command(
    source,
    data,
    layout,
    textures,
    out,
    settings,
    calibration,
    folds,
    group_by,
    seed,
    minutes,
    resume,
):
    """Train on good images, calibrate on others, save the detector.

    Writes detector.keras and config.yaml, and of a method with epochs
    history.csv and curves.png.

    \b
    Examples:
      kerasad train
      kerasad train --data my_parts/good --out runs/my_parts
      kerasad train --calibration cross --set fpr=0.01
    """
    from kerasad.recipes import read_recipe

    values = read_recipe(source, settings)
    from kerasad.lean_keras import import_keras_to_train

    import_keras_to_train()
    from kerasad.cli.progress import Epochs
    from kerasad.config import from_mapping

    config = from_mapping(values)
    options = {
        "calibration": calibration,
        "folds": folds,
        "group_by": group_by,
        "seed": seed,
    }
    options = {k: v for k, v in options.items() if v is not None}
    config = config.replace(**options)
    if folds is not None and config.calibration != "cross":
        raise click.UsageError("--folds goes with --calibration cross")
    data = laid_out(data, layout)
    out = out or Path("runs") / config.name

    from kerasad.training.train import train

    result = train(config, data, out, textures, resume, Epochs(), say, minutes)
    click.echo(summary(result, config))


def summary(result, config) -> str:
    """One screen on what was trained and what it guarantees."""
    detector, facts = result.detector, result.facts
    height, width = detector.image_size
    fitted, path = detector.threshold, result.folder / "detector.keras"
    maps = ", ".join(detector.method.map_names)
    lines = {
        "detector": path,
        "method": f"{config.method}, {detector.method.count_params():,} "
        f"weights, {height} x {width} px",
        "images": f"{result.train_images} trained on, "
        f"{result.validation_images} held out",
        "training": f"{result.seconds:.0f} s in all",
    }
    if facts.get("alignment"):
        from kerasad.data.alignment import said_of

        lines["alignment"] = said_of(
            facts["alignment"], facts.get("registration")
        )
    if result.rows:
        lines["training"] = (
            f"{len(result.rows)} epochs, {facts['steps']} steps, "
            + lines["training"]
            + timed(facts)
        )
        lines["precision"] = (
            f"{facts['precision']} ({facts['precision_reason']}); the "
            "detector computes in float32"
        )
        # Of the last training, where there are two of different losses.
        rows = result.rows[facts.get("epochs_before", 0) :]
        best = min(row["val_loss"] for row in rows)
        lines["loss"] = f"{rows[-1]['loss']:.4g}, validation {best:.4g} at best"
    lines |= {
        "score": f"{config.score} of {maps}",
        "threshold": f"{fitted['threshold']:.4g} by {fitted['method']} from "
        f"{fitted['images']} normal images{in_groups(fitted)}"
        f"{out_of_fold(config)}",
        "guarantee": fitted["promise"],
        "next": f"kerasad evaluate {path}",
    }
    return "\n".join(f"{key:<10} {value}" for key, value in lines.items())


def timed(facts) -> str:
    """How much of the recipe `--minutes` left, if it was given."""
    limit = facts.get("time_limit")
    if limit is None:
        return ""
    from kerasad.training.gradient import in_time

    steps = min(facts["done_steps"], facts["planned_steps"])
    fit = in_time(steps, facts["recipe_steps"], limit)
    return f"; {fit}{', counted again on the way' if facts['refits'] else ''}"


def in_groups(fitted) -> str:
    """In how many groups a threshold was fitted, if in any."""
    groups = fitted.get("groups")
    return "" if groups is None else f" in {counted(groups, 'group')}"


def out_of_fold(config) -> str:
    """How the scores came about that a threshold was fitted to."""
    if config.calibration != "cross":
        return ""
    return f", each scored without its fold of {config.folds}"
