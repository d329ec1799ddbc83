"""Images over HTTP: the answers of `kerasad predict`, one for each client."""

import concurrent.futures
import io
import json
import re

import pytest
from PIL import Image

from tests.runtime.test_exported import check_lines
from tests.serving.client import Running, soon
from tests.serving.conftest import expected

pytestmark = pytest.mark.filterwarnings("ignore")


def answers(replies):
    """Lines without what the server adds."""
    return [
        {k: v for k, v in line.items() if k not in ("detector", "version")}
        for _, line in replies
    ]


def test_the_lines_of_predict(running, photos, made, part):
    lines = expected(part, made)
    replies = [
        running.predict(photo, query=f"?path={line['path']}")
        for photo, line in zip(photos, lines, strict=True)
    ]
    assert {status for status, _ in replies} == {200}
    assert {line["detector"] for _, line in replies} == {"part"}
    check_lines(answers(replies), lines)
    assert running.predict(photos[0], "part")[0] == 200


def test_keras_and_exported_side_by_side(made, part, photos):
    with Running(f"own={made / 'detector.keras'}", part) as server:
        lines = [server.predict(photos[2], name)[1] for name in ("own", "part")]
        status, error = server.predict(photos[2])
        assert status == 400
        assert (
            error["error"] == "say which detector: /predict/NAME of own, part"
        )
        assert server.predict(photos[2], "other")[0] == 404
    check_lines(*[answers([(200, line)]) for line in lines])


def test_many_clients_each_get_their_own_answer(running, photos, made, part):
    lines = expected(part, made)
    jobs = [index % 4 for index in range(96)]
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        replies = list(
            pool.map(
                lambda i: running.predict(
                    photos[i], query=f"?path={lines[i]['path']}"
                ),
                jobs,
            )
        )
    assert {status for status, _ in replies} == {200}
    check_lines(answers(replies), [lines[i] for i in jobs])
    _, _, text = running.ask("GET", "/metrics")
    numbers = dict(
        line.rsplit(" ", 1)
        for line in text.decode().splitlines()
        if line[0] != "#"
    )
    assert float(numbers["kerasad_batch_images_sum"]) == 96
    assert float(numbers["kerasad_batch_images_count"]) < 96  # some together
    assert float(numbers['kerasad_images_total{detector="part"}']) == 96
    flagged = sum(lines[i]["is_anomalous"] for i in jobs)
    name = 'kerasad_anomalous_images_total{detector="part"}'
    assert float(numbers[name]) == flagged > 0
    name = 'kerasad_requests_total{detector="part",status="200"}'
    assert float(numbers[name]) == 96


def tiff(pages):
    file = io.BytesIO()
    first, *rest = (Image.new("RGB", (32, 32), (90 * i,) * 3) for i in pages)
    first.save(file, "TIFF", save_all=True, append_images=rest)
    return file.getvalue()


def test_pages(running):
    status, error = running.predict(tiff([0, 1]), query="?path=a.tif")
    assert status == 400
    assert error["error"] == "a.tif: has 2 pages; say which, from 0: ?page=0"
    scores = []
    for page in (0, 1):
        status, line = running.predict(tiff([0, 1]), query=f"?page={page}")
        assert status == 200 and line["page"] == page
        scores.append(line["anomaly_score"])
    assert scores[0] != scores[1]
    alone = running.predict(tiff([1]))[1]["anomaly_score"]
    assert alone == pytest.approx(scores[1], rel=1e-4)
    assert running.predict(tiff([0, 1]), query="?page=2")[0] == 400
    assert running.predict(tiff([0]), query="?page=-1")[0] == 400


@pytest.mark.parametrize(
    "body, headers, status, message",
    [
        (b"", {}, 400, "body: not a readable image"),
        (b"no image", {}, 400, r"\(cannot identify image file\); expected PNG"),
        (b"x", {"content-type": "multipart/form-data"}, 415, "--data-binary"),
        (bytes(1_100_000), {}, 413, "more than the 1 MB allowed; .*--max-mb"),
    ],
)
def test_bad_bodies(part, body, headers, status, message):
    with Running(part, "--max-mb=1") as server:
        found, _, answer = server.ask("POST", "/predict", body, headers)
        assert found == status
        assert re.search(message, answer["error"])
        # Without a length, the bytes that come are counted.
        parts = (body[i : i + 65536] for i in range(0, len(body), 65536))
        if status == 413:
            found, _, answer = server.ask("POST", "/predict", parts, headers)
            assert found == 413


def test_too_many_pixels(part, photos):
    with Running(part, KERASAD_MAX_PIXELS="2000") as server:
        assert server.predict(photos[0])[0] == 200
        status, answer = server.predict(photos[1])
    assert status == 400
    assert "70 x 50 pixels are more than the 2000 allowed" in answer["error"]


def test_the_log(part, photos, tmp_path):
    log = tmp_path / "requests.jsonl"
    log.write_text('{"before": true}\n')
    with Running(part, "--log", log) as server:
        _, line = server.predict(photos[2], query="?path=%E2%82%AC%0A.png")
        server.predict(b"nothing")
        soon(lambda: log.read_text().count("\n") == 3)
    before, first, second = map(json.loads, log.read_text().splitlines())
    assert before == {"before": True}
    assert first["status"] == 200 and first["path"] == "\u20ac\n.png"
    for key in ("anomaly_score", "is_anomalous", "version", "detector"):
        assert first[key] == line[key]
    assert 0 < first["milliseconds"] < 60_000
    assert second["status"] == 400 and "not a readable" in second["error"]
