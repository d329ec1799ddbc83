"""Tensors of the Open Inference Protocol, version 2, JSON and binary.

Reference:

- https://github.com/kserve/open-inference-protocol, REST, and the extension
  for binary tensor data
"""

import json
import math

import numpy as np

from kerasad.data.decoding import pixel_limit
from kerasad.serving.limits import Refused

HEADER = "inference-header-content-length"
KINDS = {"uint8": "UINT8", "float32": "FP32", "float64": "FP64", "bool": "BOOL"}


def read_request(body: bytes, header: str | None):
    """The images of an `infer` request, and what it says beside them.

    Args:
        header: the length of the JSON in bytes, where tensors follow it.

    Returns:
        uint8 `(batch, height, width, 3)`, and the request as a dict.

    Raises:
        Refused: it is not such a request.
    """
    length = len(body)
    if header is not None:
        if not header.isdecimal() or int(header) > len(body):
            raise Refused(
                400,
                f"{HEADER} must be the length of the JSON in bytes, at most "
                f"the {len(body)} of the body. Received: {header!r}",
            )
        length = int(header)
    try:
        request = json.loads(body[:length])
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body must begin with JSON: {error}") from error
    if not isinstance(request, dict):
        raise Refused(400, "the JSON must be an object with inputs")
    inputs = request.get("inputs")
    if not (
        isinstance(inputs, list)
        and len(inputs) == 1
        and isinstance(inputs[0], dict)
        and inputs[0].get("name") == "images"
    ):
        raise Refused(400, "inputs must be a list of one tensor, named images")
    return read_images(inputs[0], body[length:]), request


def read_images(tensor, content) -> np.ndarray:
    """uint8 `(B, H, W, 3)` of a tensor of the request, or `Refused`."""
    shape, kind = tensor.get("shape"), tensor.get("datatype")
    if kind != "UINT8":
        raise Refused(
            400, f"images must be of datatype UINT8. Received: {kind!r}"
        )
    whole = isinstance(shape, list) and len(shape) == 4
    whole = whole and all(type(side) is int and side > 0 for side in shape)
    if not whole or shape[3] != 3:
        raise Refused(
            400,
            "images must have a shape [batch, height, width, 3]. Received: "
            f"{json.dumps(shape)[:80]}",
        )
    if shape[1] * shape[2] > pixel_limit():
        raise Refused(
            413,
            f"images of {shape[1]} x {shape[2]} pixels are more than the "
            f"{pixel_limit()} allowed; set KERASAD_MAX_PIXELS to raise it",
        )
    parameters = tensor.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    size = parameters.get("binary_data_size")
    if size is not None:
        if size != len(content):
            raise Refused(
                400,
                f"binary_data_size is {json.dumps(size)[:40]}, but "
                f"{len(content)} bytes follow the JSON",
            )
        values = np.frombuffer(content, "uint8")
    else:
        values = read_values(tensor.get("data"))
    if values.size != math.prod(shape):
        raise Refused(
            400,
            f"images of shape {shape} have {math.prod(shape)} values. "
            f"Received: {values.size}",
        )
    return values.reshape(shape)


def read_values(data) -> np.ndarray:
    """uint8 of numbers in JSON, or `Refused`."""
    try:
        values = np.asarray(data)
    except ValueError:  # rows of different lengths
        values = np.empty(0, object)
    if values.dtype.kind not in "iu" or values.size == 0:
        raise Refused(400, "data of images must be whole numbers, 0 to 255")
    if values.min() < 0 or values.max() > 255:
        raise Refused(
            400,
            "data of images must lie in 0 to 255. Received: "
            f"{values.min()} to {values.max()}",
        )
    return values.astype("uint8")


def outputs_of(rows) -> dict[str, np.ndarray]:
    """All outputs of scored rows, by name."""
    lines = [row["line"] for row in rows]
    found = {
        name: np.stack([row[name] for row in rows])
        for name in rows[0]
        if name != "line"
    }
    for name in ("p_value", "threshold"):
        if lines[0][name] is not None:
            found[name] = np.array([line[name] for line in lines], "float64")
    return found


def write_response(answer: dict, outputs: dict, request: dict):
    """The body and its headers, JSON with binary tensors where asked for.

    Raises:
        Refused: an output is asked for that there is not.
    """
    asked = request.get("outputs") or [{"name": name} for name in outputs]
    common = request.get("parameters") or {}
    if not isinstance(asked, list) or not isinstance(common, dict):
        raise Refused(400, "outputs must be a list, parameters an object")
    tensors, contents = [], []
    for one in asked:
        name = one.get("name") if isinstance(one, dict) else None
        if name not in outputs:
            raise Refused(
                400,
                f"there is no output {json.dumps(name)[:40]}; there are "
                f"{', '.join(outputs)}",
            )
        value = outputs[name]
        tensor = {
            "name": name,
            "shape": list(value.shape),
            "datatype": KINDS[value.dtype.name],
        }
        own = one.get("parameters")
        own = own if isinstance(own, dict) else {}
        if own.get("binary_data", common.get("binary_data_output", False)):
            content = np.ascontiguousarray(value).tobytes()
            tensor["parameters"] = {"binary_data_size": len(content)}
            contents.append(content)
        else:
            tensor["data"] = value.ravel().tolist()
        tensors.append(tensor)
    text = json.dumps({**answer, "outputs": tensors}).encode()
    if not contents:
        return text, {"content-type": "application/json"}
    return b"".join([text, *contents]), {
        "content-type": "application/octet-stream",
        HEADER: str(len(text)),
    }
