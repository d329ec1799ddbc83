"""The contract that every method honours, ours and yours."""

from pathlib import Path

import keras
import numpy as np

from kerasad.config import from_mapping
from kerasad.loading import load
from kerasad.sides import sides_of
from kerasad.training.run import Run
from kerasad.training.train import fit

COUNT, HELD_OUT = 8, 4  # images to learn from and to calibrate on
BATCH = 4  # images scored together: what compiles, compiles for few sizes


def check_method(config, folder):
    """Puts the method of a config through its whole life, at a small size.

    Settings, construction, learning, maps, saving and loading, and that the
    same seed gives the same numbers.

    Args:
        config: `kerasad.config.Config` of something small: a few epochs at
            most, an `image_size` such as 32.
        folder: path of an existing folder to write a detector to.

    Returns:
        The `kerasad.Detector`, calibrated.

    Raises:
        AssertionError: names what the method does not keep.
    """
    expect(
        from_mapping(config.flat()) == config,
        "a config made again from `flat()` must equal the first",
    )
    images = sample_images(config.sides)
    normal, others = images[:COUNT], images[COUNT:]
    detector, rows = fitted(config, normal, others)
    for row in rows:
        numbers = all(isinstance(v, (int, float)) for v in row.values())
        expect(numbers, f"a row of the history holds numbers only: {row}")
    check_maps(detector.method, images)
    check_round_trip(detector.method)
    check_batches(detector, others)

    detector.calibrate(others, "n-sigma")
    expected = detector.predict(images, BATCH)
    again, _ = fitted(config, normal, others)
    again.calibrate(others, "n-sigma")
    found = again.predict(images, BATCH)
    close(found, expected, "the same seed gives other numbers")

    path = Path(folder) / "contract.keras"
    detector.save(path)
    loaded = load(path)
    expect(type(loaded.method) is type(detector.method), "another class loads")
    found = loaded.predict(images, BATCH)
    close(found, expected, "a saved detector scores otherwise")
    return detector


def fitted(config, images, held_out):
    """The untrained method of a config, fitted: a detector and its history."""
    return fit(config, images, held_out, Run(config.settings, config.seed))


def check_maps(method, images):
    """Shapes, types and finiteness of what `call` and `left_out_maps` give."""
    batch = images[:COUNT].astype("float32") / 255.0
    outputs = method(batch)
    expect(
        set(outputs) <= {"maps", "reconstruction"} and "maps" in outputs,
        f"`call` gives maps and perhaps reconstruction, not {set(outputs)}",
    )
    sides, count = batch.shape[:3], len(method.map_names)
    given = outputs["maps"].shape[1:3]
    maps_shape = len(batch), *map(min, given, sides[1:]), count
    left_out = method.left_out_maps(batch, np.arange(len(batch)))
    for name, value, shape in (
        ("maps", outputs["maps"], maps_shape),
        ("left_out_maps", left_out, maps_shape),
        ("reconstruction", outputs.get("reconstruction", batch), batch.shape),
    ):
        value = keras.ops.convert_to_numpy(value)
        expect(
            value.shape == shape and value.dtype == "float32",
            f"`{name}` must be float32 {shape}, it is "
            f"{value.dtype} {value.shape}",
        )
        expect(np.isfinite(value).all(), f"`{name}` holds what is not finite")


def check_round_trip(method):
    """`get_config` holds all that the constructor needs."""
    revived = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(method)
    )
    expect(
        revived.get_config() == method.get_config(),
        "`get_config` must hold every argument of the constructor",
    )


def check_batches(detector, images):
    """The score of an image must not depend on its company."""
    whole = detector.predict(images, BATCH)["anomaly_score"]
    alone = [detector.predict(one[None])["anomaly_score"][0] for one in images]
    rounding = 1e-3 * np.ptp(whole) + 1e-6  # of scores that are near 0
    expect(
        np.allclose(alone, whole, rtol=1e-4, atol=rounding),
        "the score of an image depends on the batch it is in",
    )


def sample_images(size, count=COUNT + HELD_OUT):
    """Seeded pictures of a blurred disc that lies nearly alike in each."""
    rng = np.random.default_rng(0)
    height, width = sides_of(size)
    y, x = np.mgrid[:height, :width]
    y, x = y / height, x / width
    images = []
    for _ in range(count):
        row, column = rng.normal(0.5, 0.02, 2)
        distance = np.hypot(y - row, x - column)
        grey = 60 + 140 / (1 + np.exp(40 * (distance - 0.3)))
        colours = grey[..., None] * rng.uniform(0.95, 1.05, 3)
        images.append(colours + rng.normal(0, 4, colours.shape))
    return np.clip(images, 0, 255).astype("uint8")


def close(found, expected, text):
    """Outputs of `predict` agree within rounding."""
    for name, value in expected.items():
        # Of a map, whose values may be near 0, in units of the largest.
        least = 1e-5 + 3e-4 * np.abs(value).max()
        same = np.allclose(found[name], value, rtol=1e-4, atol=least)
        expect(same, f"{text}: {name}")


def expect(holds, text):
    """`AssertionError` with a text, unless something holds."""
    if not holds:
        raise AssertionError(text)
