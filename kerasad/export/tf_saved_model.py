import importlib

from kerasad.export.format import Format, deployable, keras_export
from kerasad.export.notes import FILE, together


def write(detector, path, size, batch, facts):
    """Facts are a file in `assets.extra`, which TensorFlow ignores."""
    model = deployable(detector, size)
    keras_export(model, path, "tf_saved_model", size, batch)
    extra = path / "assets.extra"  # TensorFlow's place for what it ignores
    extra.mkdir()
    (extra / FILE).write_text(together(facts), encoding="utf-8")


def open_artefact(path):
    """A callable from images to the outputs of a SavedModel."""
    tensorflow = importlib.import_module("tensorflow")
    model = tensorflow.saved_model.load(path)  # it owns the weights
    return lambda images: {
        name: value.numpy() for name, value in model.serve(images).items()
    }


FORMAT = Format(
    name="tf_saved_model",
    suffix="",
    needs={"tensorflow": (), "jax": ("tensorflow",)},
    runtime="tensorflow",
    write=write,
    open=open_artefact,
    without_top_fraction=("jax",),
)
