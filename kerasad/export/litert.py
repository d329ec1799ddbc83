import zipfile

from kerasad.export.format import Format, deployable, keras_export
from kerasad.export.notes import FILE, together


def write(detector, path, size, batch, facts):
    """Facts are a zip archive at the end of the file."""
    keras_export(deployable(detector, size), path, "litert", size, batch)
    # As TensorFlow Lite packs associated files: a zip archive at the end of
    # the model, which runtimes pass over and `unzip` opens.
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(FILE, together(facts))


def open_artefact(path):
    """A callable from images to the outputs of a LiteRT file."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path)
    runner = interpreter.get_signature_runner("serving_default")
    (name,) = runner.get_input_details()
    # The arrays of the runner are views into its memory, which `interpreter`
    # owns.
    return lambda images, owner=interpreter: {
        key: value.copy() for key, value in runner(**{name: images}).items()
    }


FORMAT = Format(
    name="litert",
    suffix=".tflite",
    needs={"tensorflow": (), "torch": ("litert_torch",)},
    runtime="ai_edge_litert",
    write=write,
    open=open_artefact,
    without_top_fraction=("torch",),
    one_image=("torch",),
)
