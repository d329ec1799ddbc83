"""A real server in a process of its own, and what talks to it."""

import contextlib
import http.client
import json
import os
import subprocess
import time

from tests.processes import kerasad


class Running:
    """`kerasad serve` on a free port, until the end of the `with`."""

    def __init__(self, *arguments, **environment):
        self.arguments = [str(argument) for argument in arguments]
        self.environment = environment

    def __enter__(self):
        self.process = subprocess.Popen(
            kerasad("serve", "--port=0", *self.arguments),
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            raise AssertionError(self.process.communicate()[1])
        self.port = int(self.address.rpartition(":")[2])
        return self

    def __exit__(self, *error):
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.errors = self.process.communicate(timeout=60)[1]
        finally:
            self.process.kill()

    def ask(self, method, path, body=None, headers=None):
        """Status, headers and the answer, parsed if it is JSON."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=60
        )
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        kind = answer.headers.get("content-type", "")
        if kind.startswith("application/json"):
            content = json.loads(content)
        return answer.status, answer.headers, content

    def predict(self, photo, name=None, query=""):
        path = "/predict" if name is None else f"/predict/{name}"
        status, _, answer = self.ask("POST", path + query, photo)
        return status, answer


def soon(true, seconds=30):
    """Waits until `true()` is."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)
    return found
