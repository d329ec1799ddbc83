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
        write: callable `(detector, path, size, batch)`; `batch` is `None` for
            any number of images.
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


def outputs_of(detector) -> list[str]:
    """In order of the alphabet, in which Keras flattens a dict."""
    import keras

    images = keras.Input((*detector.image_size, 3))
    return sorted(detector(images))


def deployable(detector, size, outputs=dict):
    """The detector for images of one size, as a functional model.

    Args:
        size: pair of ints, `(height, width)` in pixels, of the raw images.
        outputs: `dict`, or `list` for a converter that takes no dict.
    """
    import keras

    images = keras.Input((*size, 3), dtype="uint8", name="images")
    values = detector(images)
    named = {name: values[name] for name in sorted(values)}
    return keras.Model(
        images, named if outputs is dict else list(named.values())
    )


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
