"""Runs an exported detector in the runtime that it is meant for."""

import importlib

import numpy as np


def run(path, format, images) -> dict:
    """The outputs of an artefact by name, as numpy arrays.

    Args:
        path: `Path` of the artefact.
        format: str, a key of `RUNNERS`; its runtime is installed.
        images: uint8 `(batch, height, width, 3)` of the artefact's size.
    """
    outputs = RUNNERS[format](str(path), images)
    return {name: np.asarray(value) for name, value in outputs.items()}


def run_onnx(path, images):
    import onnxruntime

    session = onnxruntime.InferenceSession(
        path, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"images": images}), strict=True))


def run_openvino(path, images):
    import openvino

    # Left alone, OpenVINO computes in bfloat16 where the CPU can.
    model = openvino.Core().compile_model(
        path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    return {
        output.any_name: value
        for output, value in model({"images": images}).items()
    }


def run_litert(path, images):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path)
    runner = interpreter.get_signature_runner("serving_default")
    (name,) = runner.get_input_details()
    # The arrays of the runner are views into its memory.
    outputs = runner(**{name: images})
    return {name: value.copy() for name, value in outputs.items()}


def run_tf_saved_model(path, images):
    tensorflow = importlib.import_module("tensorflow")
    model = tensorflow.saved_model.load(path)  # it owns the weights
    outputs = model.serve(images)
    return {name: value.numpy() for name, value in outputs.items()}


def run_torch(path, images):
    torch = importlib.import_module("torch")
    program = torch.export.load(path)
    device = next(iter(program.state_dict.values())).device
    with torch.no_grad():
        outputs = program.module()(torch.as_tensor(images, device=device))
    return {name: value.cpu().numpy() for name, value in outputs.items()}


RUNNERS = {
    "onnx": run_onnx,
    "openvino": run_openvino,
    "litert": run_litert,
    "tf_saved_model": run_tf_saved_model,
    "torch": run_torch,
}
