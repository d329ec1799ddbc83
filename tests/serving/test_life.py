"""Replaced files, full queues, slow clients, the end, and who may ask."""

import os
import signal
import socket
import threading
import time

import pytest

from tests.cli.conftest import run
from tests.serving.client import Running, soon
from tests.serving.conftest import expected

pytestmark = pytest.mark.filterwarnings("ignore")


def put(path, content):
    beside = path.with_name("beside")
    beside.write_bytes(content)
    os.replace(beside, path)


def version(server):
    return server.ask("GET", "/v2/models/part")[2]["versions"][0]


def test_a_replaced_file_is_served(running, part, stricter, photos, made):
    """Each answer is one of the old detector or of the new one, whole."""
    wanted = {version(running): expected(part, made)}
    original, replies, stop = part.read_bytes(), [], threading.Event()

    def ask():
        index = 0
        while not stop.is_set():
            replies.append((index % 4, *running.predict(photos[index % 4])))
            index += 1

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        before = version(running)
        for content in (stricter, original, stricter):
            put(part, content)
            soon(lambda old=before: version(running) != old)
            before = version(running)
            wanted[before] = expected(part, made)
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert len(wanted) == 2
    assert {line["version"] for _, _, line in replies} == set(wanted)
    for index, status, line in replies:
        assert status == 200
        right = wanted[line["version"]][index]
        assert line["threshold"] == right["threshold"]
        assert line["is_anomalous"] == right["is_anomalous"]
        score = pytest.approx(right["anomaly_score"], rel=1e-4)
        assert line["anomaly_score"] == score


def test_a_bad_file_is_not_served(running, part, photos):
    before = version(running)
    put(part, b"half of a file")
    (one,) = soon(
        lambda: [
            detector
            for detector in running.ask("GET", "/status")[2]["detectors"]
            if detector["failure"]
        ]
    )
    assert f"{part}: cannot be loaded" in one["failure"]
    part.unlink()
    assert running.predict(photos[0])[1]["version"] == before
    text = running.ask("GET", "/metrics")[2].decode()
    assert 'kerasad_reloads_total{detector="part",outcome="failed"} 1.0' in text


def begun(server, size, sent=b""):
    """A client that said how much it will send, and waits."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    head = (
        f"POST /predict HTTP/1.1\r\nhost: localhost:{server.port}\r\n"
        f"content-length: {size}\r\nconnection: close\r\n\r\n"
    )
    connection.sendall(head.encode() + sent)
    soon(lambda: server.ask("GET", "/status")[2]["open"] >= 1)
    return connection


def rest_of(connection):
    content = b""
    while part := connection.recv(65536):
        content += part
    return content.decode()


def test_a_full_queue_and_a_slow_client(part, photos):
    with Running(part, "--queue=1", "--timeout=3") as server:
        with begun(server, 100) as slow:
            status, headers, answer = server.ask("POST", "/predict", photos[0])
            assert status == 503 and headers["retry-after"] == "1"
            assert (
                "1 requests are open, as many as are allowed"
                in (answer["error"])
            )
            answer = rest_of(slow)
        assert answer.startswith("HTTP/1.1 504")
        assert "not answered within 3 s" in answer
        assert server.predict(photos[0])[0] == 200


def test_a_client_that_goes_away(running, photos):
    begun(running, 100, b"half").close()
    soon(lambda: running.ask("GET", "/status")[2]["open"] == 0)
    assert running.predict(photos[0])[0] == 200
    text = running.ask("GET", "/metrics")[2].decode()
    assert 'kerasad_requests_total{detector="part",status="499"} 1.0' in text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_open_is_answered_before_the_end(part, photos, number):
    with Running(part) as server:
        photo = photos[0]
        with begun(server, len(photo), photo[:50]) as slow:
            server.process.send_signal(number)
            time.sleep(0.5)
            assert server.process.poll() is None
            slow.sendall(photo[50:])
            answer = rest_of(slow)
        assert answer.startswith("HTTP/1.1 200") and '"anomaly_score"' in answer
        assert server.process.wait(30) == 0
    assert server.errors == "stopped\n"


def test_elsewhere_a_token_is_needed(part, photos):
    result = run("serve", part, "--host", "0.0.0.0")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "Error: 0.0.0.0 can be reached from other machines: set KERASAD_TOKEN "
        "to a secret that clients give, or leave out --host"
    )
    with Running(part, "--host=0.0.0.0", KERASAD_TOKEN="s3cret") as server:
        assert server.ask("GET", "/v2/health/ready")[0] == 200
        for path in ("/", "/status", "/metrics", "/v2/models/part"):
            assert server.ask("GET", path)[0] == 401
        for given in ("Bearer wrong", "Bearer ", "Basic s3cret", "\xff"):
            headers = {"authorization": given}
            assert server.ask("POST", "/predict", photos[0], headers)[0] == 401
        headers = {"authorization": "Bearer s3cret"}
        status, _, line = server.ask("POST", "/predict", photos[0], headers)
        assert status == 200 and "anomaly_score" in line
        assert server.ask("GET", "/?token=wrong")[0] == 401
        status, headers, _ = server.ask("GET", "/?token=s3cret")
        assert status == 303 and "HttpOnly" in headers["set-cookie"]
        cookie = {"cookie": headers["set-cookie"].split(";")[0]}
        assert server.ask("GET", "/status", headers=cookie)[0] == 200


def test_pages_of_other_sites_may_not_ask(running, photos):
    for headers in ({"host": "evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert running.ask("GET", "/status", headers=headers)[0] == 403
        assert running.ask("POST", "/predict", photos[0], headers)[0] == 403


def test_what_cannot_be_served_is_refused(part, tmp_path):
    other = tmp_path / "other" / "part.onnx"
    other.parent.mkdir()
    other.write_bytes(part.read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments, message in {
            (tmp_path / "none.onnx",): "none.onnx: no such file",
            (tmp_path / "none.keras",): "none.keras: no such file",
            (part, other): "the name part is already that of",
            (f"a/b={part}",): "a name holds letters, digits",
            (part, f"--port={port}"): f"cannot listen on port {port} of 127.0."
            "0.1: Address already in use; choose another with --port",
            (part, f"--log={tmp_path / 'no' / 'log'}"): "cannot be written",
        }.items():
            result = run("serve", *arguments)
            assert result.exit_code == 2, result.output
            assert message in result.stderr.splitlines()[-1]
            assert result.stdout == ""
