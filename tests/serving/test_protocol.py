"""The Open Inference Protocol, version 2, JSON and binary."""

import json

import numpy as np
import pytest

import kerasad.runtime
from tests.serving.client import Running
from tests.serving.conftest import pixels

pytestmark = pytest.mark.filterwarnings("ignore")
HEADER = "Inference-Header-Content-Length"
KINDS = {"FP32": "float32", "FP64": "float64", "BOOL": "bool"}


@pytest.fixture(scope="module")
def server(onnx_file):
    with Running(onnx_file) as server:
        yield server


@pytest.fixture(scope="module")
def onnx_file(made):
    from tests.runtime.conftest import exported

    return exported(made, "onnx")


def tensor(images, **more):
    return {
        "name": "images",
        "datatype": "UINT8",
        "shape": list(images.shape),
        **more,
    }


def infer(server, request, content=b"", path="/v2/models/part/infer"):
    text = json.dumps(request).encode()
    headers = {HEADER: str(len(text))} if content else {}
    return server.ask("POST", path, text + content, headers)


def test_health_and_metadata(server):
    for path in ("live", "ready"):
        assert server.ask("GET", f"/v2/health/{path}")[0] == 200
    assert server.ask("GET", "/v2/models/part/ready")[2]["ready"] is True
    whole = server.ask("GET", "/v2")[2]
    assert whole["name"] == "kerasad"
    assert "binary_tensor_data" in whole["extensions"]
    model = server.ask("GET", "/v2/models/part")[2]
    assert model["inputs"] == [
        {"name": "images", "datatype": "UINT8", "shape": [-1, -1, -1, 3]}
    ]
    (version,) = model["versions"]
    same = server.ask("GET", f"/v2/models/part/versions/{version}")[2]
    assert same == model
    status, _, answer = server.ask("GET", "/v2/models/part/versions/1")
    assert status == 404 and version in answer["error"]
    assert server.ask("GET", "/v2/models/other")[0] == 404


def test_json(server, made, onnx_file):
    images = pixels(made, 0, 2)
    request = {"id": "42", "inputs": [tensor(images, data=images.tolist())]}
    status, _, answer = infer(server, request)
    assert status == 200
    assert answer["id"] == "42" and answer["model_name"] == "part"
    model = server.ask("GET", "/v2/models/part")[2]
    assert answer["model_version"] == model["versions"][0]
    known = {one["name"]: one for one in model["outputs"]}
    expected = kerasad.runtime.load(onnx_file).predict(images)
    for output in answer["outputs"]:
        kind = known.get(output["name"])
        value = np.array(output["data"], KINDS[output["datatype"]])
        value = value.reshape(output["shape"])
        if kind is not None:
            assert output["datatype"] == kind["datatype"]
            assert len(output["shape"]) == len(kind["shape"])
        if output["name"] in expected:
            np.testing.assert_allclose(
                value, expected[output["name"]], rtol=1e-4, atol=1e-4
            )
    assert set(known) <= {output["name"] for output in answer["outputs"]}
    flat = {"inputs": [tensor(images, data=images.ravel().tolist())]}
    scores = [
        {o["name"]: o["data"] for o in one["outputs"]}["anomaly_score"]
        for one in (answer, infer(server, flat)[2])
    ]
    np.testing.assert_allclose(*scores, rtol=1e-5)


def test_binary(server, made, onnx_file):
    images = pixels(made, 2, 0)
    content = images.tobytes()
    size = {"binary_data_size": len(content)}
    request = {
        "inputs": [tensor(images, parameters=size)],
        "outputs": [
            {"name": "anomaly_map", "parameters": {"binary_data": True}},
            {"name": "is_anomalous"},
            {"name": "anomaly_score", "parameters": {"binary_data": True}},
        ],
    }
    status, headers, body = infer(server, request, content)
    assert status == 200
    length = int(headers[HEADER])
    answer, rest = json.loads(body[:length]), body[length:]
    expected = kerasad.runtime.load(onnx_file).predict(images)
    for output in answer["outputs"]:
        kind = KINDS[output["datatype"]]
        if "data" in output:
            value = np.array(output["data"], kind)
        else:
            size = output["parameters"]["binary_data_size"]
            value, rest = np.frombuffer(rest[:size], kind), rest[size:]
        value = value.reshape(output["shape"])
        wanted = expected[output["name"]]
        np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-4)
    assert rest == b""
    request.pop("outputs")
    request["parameters"] = {"binary_data_output": True}
    status, headers, body = infer(server, request, content)
    answer = json.loads(body[: int(headers[HEADER])])
    assert all("data" not in output for output in answer["outputs"])


ONE = np.zeros((1, 2, 2, 3), "uint8")
GOOD = ONE.tolist()
BAD = {
    "no JSON": (b"{", "must begin with JSON"),
    "deep": (b"[" * 100_000, "must begin with JSON"),
    "a list": ([], "must be an object with inputs"),
    "no inputs": ({"inputs": []}, "one tensor, named images"),
    "two": ({"inputs": [tensor(ONE), tensor(ONE)]}, "one tensor, named images"),
    "name": ({"inputs": [{"name": "x"}]}, "one tensor, named images"),
    "kind": (tensor(ONE, datatype="FP32"), "UINT8. Received: 'FP32'"),
    "shape": (tensor(ONE, shape=[2, 2, 3], data=GOOD), r"Received: \[2, 2, 3"),
    "negative": (tensor(ONE, shape=[1, -2, -2, 3]), r"Received: \[1, -2"),
    "huge": (tensor(ONE, shape=[1, 10**5, 10**5, 3]), "more than the 1000000"),
    "few": (tensor(ONE, data=[1, 2]), "have 12 values. Received: 2"),
    "large": (tensor(ONE, data=[256] * 12), "lie in 0 to 255. Received: 256"),
    "text": (tensor(ONE, data=["a"] * 12), "must be whole numbers"),
    "ragged": (tensor(ONE, data=[[1], [2, 3]]), "must be whole numbers"),
    "none": (tensor(ONE), "must be whole numbers"),
    "size": (
        tensor(ONE, parameters={"binary_data_size": 12}),
        "is 12, but 0 bytes follow",
    ),
    "output": (
        {"inputs": [tensor(ONE, data=GOOD)], "outputs": [{"name": "mask"}]},
        'no output "mask"; there are anomaly_map',
    ),
    "outputs": (
        {"inputs": [tensor(ONE, data=GOOD)], "outputs": [7]},
        "no output null",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_requests(server, name):
    request, message = BAD[name]
    if isinstance(request, dict) and "shape" in request:
        request = {"inputs": [request]}
    body = request if isinstance(request, bytes) else json.dumps(request)
    status, _, answer = server.ask("POST", "/v2/models/part/infer", body)
    assert status == (413 if name == "huge" else 400), answer
    import re

    assert re.search(message, answer["error"])


def test_a_bad_length_of_the_header(server):
    for length in ("x", "-1", "999"):
        status, _, answer = server.ask(
            "POST", "/v2/models/part/infer", b"{}", {HEADER: length}
        )
        assert status == 400 and "length of the JSON" in answer["error"]


def test_what_is_not_there(server):
    status, _, answer = server.ask("GET", "/v2/models")
    assert status == 404 and answer["error"] == "Not Found: GET /v2/models"
    status, _, answer = server.ask("GET", "/predict")
    assert status == 405 and "error" in answer
