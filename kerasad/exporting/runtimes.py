"""Runs an exported detector in the runtime that it is meant for."""

import importlib

import numpy as np


def opened(path, format):
    """An artefact as a callable, loaded once.

    Args:
        path: `Path` of the artefact.
        format: str, a key of `OPENERS`; its runtime is installed.

    Returns:
        A callable from uint8 images `(batch, height, width, 3)` of the
        artefact's size to its outputs by name, as numpy arrays.
    """
    compute = OPENERS[format](str(path))

    def run(images):
        outputs = compute(images)
        return {name: np.asarray(value) for name, value in outputs.items()}

    return run


def open_onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(
        path, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return lambda images: dict(
        zip(names, session.run(names, {"images": images}), strict=True)
    )


def open_openvino(path, precision="f32"):
    import openvino

    # Left alone, OpenVINO computes in bfloat16 where the CPU can.
    model = openvino.Core().compile_model(
        path, "CPU", {"INFERENCE_PRECISION_HINT": precision}
    )
    return lambda images: {
        output.any_name: value
        for output, value in model({"images": images}).items()
    }


def open_litert(path):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path)
    runner = interpreter.get_signature_runner("serving_default")
    (name,) = runner.get_input_details()
    # The arrays of the runner are views into its memory, which `interpreter`
    # owns.
    return lambda images, owner=interpreter: {
        key: value.copy() for key, value in runner(**{name: images}).items()
    }


def open_tf_saved_model(path):
    tensorflow = importlib.import_module("tensorflow")
    model = tensorflow.saved_model.load(path)  # it owns the weights
    return lambda images: {
        name: value.numpy() for name, value in model.serve(images).items()
    }


def open_torch(path):
    torch = importlib.import_module("torch")
    program = torch.export.load(path)
    device = next(iter(program.state_dict.values())).device
    module = program.module()

    def compute(images):
        with torch.no_grad():
            outputs = module(torch.as_tensor(images, device=device))
        return {name: value.cpu().numpy() for name, value in outputs.items()}

    return compute


OPENERS = {
    "onnx": open_onnx,
    "openvino": open_openvino,
    "litert": open_litert,
    "tf_saved_model": open_tf_saved_model,
    "torch": open_torch,
}
