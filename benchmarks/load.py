"""The server under load, against the same model called in a loop.

    python -m benchmarks.load PART.onnx OTHER.onnx PHOTOS [--seconds 8]

PART and OTHER are exports of one detector with two thresholds, PHOTOS a folder
of images. First a plain loop reads, scores and prints them one after another.
Then 1 to 64 clients, each with a connection of its own, send the same files to
`kerasad serve` on this machine, as fast as they are answered. In the end 16
clients go on while the file is replaced by the other one twice a second, and
others hang up in the middle of a request or send what is no image; every
answer is compared with what its version of the detector says in a loop.

Prints Markdown. Clients and server share the machine's cores.
"""

import argparse
import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

CLIENTS = (1, 2, 4, 8, 16, 32, 64)
TOLERANCE = 1e-4  # relative: an image may be scored in any batch
BAD = (b"no image", b"", b"\x89PNG\r\n\x1a\n" + bytes(100), b"{" * 1000)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--seconds", type=float, default=8.0)
    options = parser.parse_args(arguments)
    files = sorted(path for path in options.photos.iterdir())
    contents = [path.read_bytes() for path in files]
    print("| clients | images/s | of the loop | p50 ms | p99 ms | failed |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    base, *_ = measured = loop(options.part, files, options.seconds)
    show("plain loop", base, measured, 0)
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.onnx"
        part.write_bytes(options.part.read_bytes())
        with server(part) as port:
            for count in CLIENTS:
                clients = Clients(port, contents, count)
                clients.run(options.seconds)
                show(count, base, clients.summary(), clients.failed)
        with server(part) as port:
            trouble(options, port, part, files, contents)


def show(name, base, measured, failed):
    rate, times = measured
    p50, p99 = (1000 * value for value in percentiles(times))
    print(
        f"| {name} | {rate:.1f} | {rate / base:.2f} | {p50:.0f} | {p99:.0f} "
        f"| {failed} |",
        flush=True,
    )


def percentiles(times):
    cuts = statistics.quantiles(times, n=100)
    return cuts[49], cuts[98]


def loop(path, files, seconds):
    """Images a second and the time of each."""
    from kerasad.runtime import load

    detector = load(path)
    list(detector.predict_files(files[:1]))  # the first one allocates
    times, started = [], time.perf_counter()
    while time.perf_counter() - started < seconds:
        before = time.perf_counter()
        (line,) = detector.predict_files([files[len(times) % len(files)]])
        json.dumps(line)
        times.append(time.perf_counter() - before)
    return len(times) / (time.perf_counter() - started), times


@contextlib.contextmanager
def server(path):
    process = subprocess.Popen(
        [sys.executable, "-m", "kerasad", "serve", path, "--port=0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield int(process.stdout.readline().rpartition(":")[2])
    finally:
        process.terminate()
        process.wait()


class Clients:
    """Threads that send photos in turn and keep the answers."""

    def __init__(self, port, contents, count):
        self.port = port
        self.contents = contents
        self.count = count
        self.answers = []  # (photo, line, seconds)
        self.sent = self.failed = 0
        self.lock = threading.Lock()

    def run(self, seconds, meanwhile=None):
        self.end = time.perf_counter() + seconds
        threads = [
            threading.Thread(target=self.ask, args=(number,))
            for number in range(self.count)
        ]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        if meanwhile is not None:
            meanwhile(self.end)
        for thread in threads:
            thread.join()
        self.seconds = time.perf_counter() - started

    def ask(self, number):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        while time.perf_counter() < self.end:
            photo = number % len(self.contents)
            number += 1
            before = time.perf_counter()
            try:
                connection.request("POST", "/predict", self.contents[photo])
                answer = connection.getresponse()
                line = json.loads(answer.read())
                right = answer.status == 200
            except (OSError, http.client.HTTPException, ValueError):
                connection.close()
                right = False
            taken = time.perf_counter() - before
            with self.lock:
                self.sent += 1
                self.failed += not right
                if right:
                    self.answers.append((photo, line, taken))
        connection.close()

    def summary(self):
        times = [taken for _, _, taken in self.answers]
        return len(times) / self.seconds, times


def trouble(options, port, part, files, contents):
    from kerasad.runtime import load

    wanted, done = {}, {"replaced": 0, "hung up": 0, "malformed": 0}
    contents_of = [path.read_bytes() for path in (options.other, options.part)]
    for path in (options.part, options.other):
        lines = list(load(path).predict_files(files))
        threshold = lines[0]["threshold"]
        wanted[threshold] = lines
    statuses = []

    def meanwhile(end):
        while time.perf_counter() < end:
            beside = part.with_name("beside")
            beside.write_bytes(contents_of[done["replaced"] % 2])
            os.replace(beside, part)
            done["replaced"] += 1
            for body in BAD:
                statuses.append(send(port, body))
                done["malformed"] += 1
                hang_up(port, contents[0])
                done["hung up"] += 1
            time.sleep(0.5)

    clients = Clients(port, contents, 16)
    clients.run(3 * options.seconds, meanwhile)
    wrong = sum(
        not agrees(line, wanted, photo) for photo, line, _ in clients.answers
    )
    seen = {line["version"] for _, line, _ in clients.answers}
    print(
        f"\nWith 16 clients for {clients.seconds:.0f} s, the file replaced "
        f"{done['replaced']} times, {done['hung up']} clients that hung up and "
        f"{done['malformed']} malformed bodies beside them: {clients.sent} "
        f"sent, {len(clients.answers)} answered, {clients.failed} lost, "
        f"{wrong} wrong, by {len(seen)} versions; the malformed were answered "
        f"with {', '.join(map(str, sorted(set(statuses))))}."
    )


def agrees(line, wanted, photo) -> bool:
    if line["threshold"] not in wanted:
        return False
    right = wanted[line["threshold"]][photo]
    difference = abs(line["anomaly_score"] - right["anomaly_score"])
    return (
        difference <= TOLERANCE * abs(right["anomaly_score"])
        and line["is_anomalous"] == right["is_anomalous"]
        and len(line["regions"]) == len(right["regions"])
    )


def send(port, body) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/predict", body)
    status = connection.getresponse().status
    connection.close()
    return status


def hang_up(port, content):
    """Half of a photo, or all of it, and gone before the answer."""
    head = (
        f"POST /predict HTTP/1.1\r\nhost: localhost\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    ).encode()
    for part in (content[: len(content) // 2], content):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head + part)


if __name__ == "__main__":
    main()
