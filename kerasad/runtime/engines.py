"""The runtimes: from a file to what computes, and the facts within."""

import os

from kerasad.errors import InputError


def open_onnx(path, threads):
    """Raw uint8 images to outputs by name, `(height, width)` and facts."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; our own say what to do
    if threads is not None:
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        os.fspath(path), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    (images,) = session.get_inputs()
    sides = tuple(images.shape[1:3])
    facts = session.get_modelmeta().custom_metadata_map

    def run(batch):
        values = session.run(names, {images.name: batch})
        return dict(zip(names, values, strict=True))

    return run, sides, facts


def open_openvino(path, threads):
    """Facts, sides and a function of a batch, see `open_onnx`."""
    import openvino

    # In bfloat16, where the CPU can, scores would be others.
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    core = openvino.Core()
    model = core.read_model(path)
    facts = {}
    if model.has_rt_info("kerasad"):
        found = model.get_rt_info("kerasad").value
        facts = {
            name: str(getattr(value, "value", value))
            for name, value in found.items()
        }
    sides = model.input().partial_shape[1:3]
    sides = tuple(side.get_length() for side in sides)
    compiled = core.compile_model(model, "CPU", options)

    def run(batch):
        outputs = compiled({"images": batch})
        return {
            output.any_name: value.copy() for output, value in outputs.items()
        }

    return run, sides, facts


# By suffix: the package as pip knows it, which imports by the same name.
ENGINES = {
    ".onnx": ("onnxruntime", open_onnx),
    ".xml": ("openvino", open_openvino),
}


def engine_of(path):
    """The package and the opener for a file.

    Raises:
        InputError: no engine reads such a file.
    """
    try:
        return ENGINES[os.path.splitext(path)[1].lower()]
    except KeyError:
        raise InputError(
            f"{path}: expected an exported detector that ends in "
            f"{' or '.join(ENGINES)}; write one with `kerasad export`"
        ) from None
