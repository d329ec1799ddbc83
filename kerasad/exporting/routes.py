"""Which backend exports to which format, and what that needs."""

import importlib.util

from kerasad.errors import InputError

# format -> suffix of the artefact; the one without is a folder.
FORMATS = {
    "onnx": ".onnx",
    "openvino": ".xml",
    "litert": ".tflite",
    "tf_saved_model": "",
    "torch": ".pt2",
}

# (format, backend) -> packages needed besides the backend, as imported. Found
# by trying, with Keras 3.15.1; the best backend for a format comes first.
ROUTES = {
    ("onnx", "torch"): ("onnx",),
    ("onnx", "tensorflow"): ("onnx", "tf2onnx"),
    ("onnx", "jax"): ("onnx", "jax2onnx"),
    ("openvino", "torch"): ("openvino",),
    ("openvino", "tensorflow"): ("openvino",),
    ("litert", "tensorflow"): (),
    ("litert", "torch"): ("litert_torch",),
    ("tf_saved_model", "tensorflow"): (),
    ("tf_saved_model", "jax"): ("tensorflow",),
    ("torch", "torch"): (),
}

# Their runtimes have no operation for the sorting in `ops.top_k`.
WITHOUT_TOP_FRACTION = {("litert", "torch"), ("tf_saved_model", "jax")}

# Their artefact takes one image at a time; all others any number.
ONE_IMAGE = {("litert", "torch")}

# format -> the package that runs the artefact, as imported.
RUNTIMES = {
    "onnx": "onnxruntime",
    "openvino": "openvino",
    "litert": "ai_edge_litert",
    "tf_saved_model": "tensorflow",
    "torch": "torch",
}


def check_route(format: str, backend: str, score: str):
    """Refuses what the backend cannot export, and names one that can.

    Raises:
        InputError: another backend is needed, or a package is missing.
    """
    if format not in FORMATS:
        raise ValueError(
            f"Argument `format` must be one of {list(FORMATS)}. "
            f"Received: format={format!r}"
        )
    route = (format, backend)
    if route not in ROUTES:
        raise InputError(
            f"format {format} cannot be exported on the {backend} backend; "
            f"try {advice(format)}"
        )
    if score == "top-fraction" and route in WITHOUT_TOP_FRACTION:
        raise InputError(
            f"format {format} with the score top-fraction cannot be exported "
            f"on the {backend} backend; try {advice(format)}"
        )
    missing = [name for name in ROUTES[route] if not installed(name)]
    if missing:
        remedy = f"pip install {distributions(missing)}"
        if (format, backend) in ONE_IMAGE:  # the other backend has no limit
            remedy += f", or better {advice(format)}"
        raise InputError(
            f"format {format} on the {backend} backend needs "
            f"{', '.join(missing)}: {remedy}"
        )


def advice(format: str, other_than: str | None = None) -> str:
    """The command that exports with the best backend, or the next best."""
    backend = next(
        backend
        for name, backend in ROUTES
        if name == format and backend != other_than
    )
    return f"KERAS_BACKEND={backend} kerasad export --format {format} ..."


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def distributions(names) -> str:
    """Names to install, of names to import."""
    return " ".join(name.replace("_", "-") for name in names)
