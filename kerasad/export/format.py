"""What a format is, and which backend can write it."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

from kerasad.backend import installed
from kerasad.errors import InputError


@dataclass(frozen=True)
class Format:
    """One row of what `kerasad export` writes.

    Args:
        name: str. As on the command line.
        suffix: str. Of the artefact; empty for a folder.
        needs: mapping of a backend that can write it to the packages that
            this takes besides it, as imported; the best backend first. Found
            by trying, with Keras 3.15.1.
        runtime: str. The package that runs the artefact, as imported.
        write: callable `(detector, path, size, batch, facts)`; `batch` is
            `None` for any number of images, `facts` are of
            `kerasad.export.notes.notes`.
        open: callable `(path)` that returns a callable from uint8 images
            `(batch, height, width, 3)` to outputs by name.
        without_top_fraction: backends whose runtime has no operation for the
            sorting in `ops.top_k`.
        one_image: backends whose artefact takes one image at a time.
        hint: str. What a person should know of running it.
    """

    name: str
    suffix: str
    needs: dict[str, tuple[str, ...]]
    runtime: str
    write: Callable
    open: Callable
    without_top_fraction: tuple[str, ...] = ()
    one_image: tuple[str, ...] = ()
    hint: str = ""

    def check(self, backend: str, score: str):
        """Refuses what the backend cannot export, and names one that can.

        Raises:
            InputError: another backend is needed, or a package is missing.
        """
        where = f"on the {backend} backend"
        if backend not in self.needs:
            raise InputError(
                f"format {self.name} cannot be exported {where}; try "
                f"{self.advice()}"
            )
        if score == "top-fraction" and backend in self.without_top_fraction:
            raise InputError(
                f"format {self.name} with the score top-fraction cannot be "
                f"exported {where}; try {self.advice()}"
            )
        missing = [n for n in self.needs[backend] if not installed(n)]
        if missing:
            remedy = f"pip install {distributions(missing)}"
            if backend in self.one_image:  # the other backend has no limit
                remedy += f", or better {self.advice()}"
            raise InputError(
                f"format {self.name} {where} needs {', '.join(missing)}: "
                f"{remedy}"
            )

    def advice(self, other_than: str | None = None) -> str:
        """The command that exports with the best backend, or the next best."""
        backend = next(b for b in self.needs if b != other_than)
        return (
            f"KERAS_BACKEND={backend} kerasad export --format {self.name} ..."
        )


def distributions(names) -> str:
    """Names to install, of names to import."""
    return " ".join(name.replace("_", "-") for name in names)


def outputs(detector, images):
    """What an exported model gives, by name, in order of the alphabet.

    That is the order in which Keras flattens a dict. The thresholds, one an
    image, are there for whoever sees the outputs alone.
    """
    from keras import ops

    values = dict(detector(images))
    nothing = ops.zeros_like(values["anomaly_score"])
    values["threshold"] = nothing + detector.limit()
    if detector.pixel_threshold is not None:
        limit = detector.pixel_threshold["threshold"]
        values["pixel_threshold"] = nothing + limit
    return {name: values[name] for name in sorted(values)}


def outputs_of(detector) -> list[str]:
    """The names of `outputs`, in order."""
    import keras

    return list(outputs(detector, keras.Input((*detector.image_size, 3))))


def deployable(detector, size, kind=dict):
    """The detector for images of one size, as a functional model.

    Args:
        size: pair of ints, `(height, width)` in pixels, of the raw images.
        kind: `dict`, or `list` for a converter that takes no dict.
    """
    import keras

    images = keras.Input((*size, 3), dtype="uint8", name="images")
    named = outputs(detector, images)
    return keras.Model(images, named if kind is dict else [*named.values()])


def keras_export(model, path, format, size, batch, **options):
    """`keras.Model.export`, quiet, for raw images of one size."""
    import keras

    signature = keras.InputSpec(
        shape=(batch, *size, 3), dtype="uint8", name="images"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converters' own
        model.export(
            str(path),
            format=format,
            verbose=False,
            input_signature=[signature],
            **options,
        )
