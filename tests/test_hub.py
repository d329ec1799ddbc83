"""`hf://` against a server on this machine that answers as the hub does."""

import hashlib
import http.server
import importlib.util
import json
import os
import subprocess
import sys
import threading

import pytest

import kerasad
from kerasad.errors import InputError
from tests.small import make_detector

COMMIT = "0123456789abcdef0123456789abcdef01234567"
needs_hub = pytest.mark.skipif(
    importlib.util.find_spec("huggingface_hub") is None,
    reason='needs huggingface_hub: pip install "kerasad[hub]"',
)


class Hub(http.server.BaseHTTPRequestHandler):
    """Files of one repository, at `main` and at `v1`."""

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer(whole=True)

    def answer(self, whole=False):
        self.server.asked.append(self.path)
        repository, _, rest = self.path.lstrip("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        code = None
        if repository != "ours/parts":
            code = "RepoNotFound"
        elif revision not in ("main", "v1", COMMIT):
            code = "RevisionNotFound"
        elif name not in self.server.files:
            code = "EntryNotFound"
        content = b"" if code else self.server.files[name]
        self.send_response(404 if code else 200)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if whole:
            self.wfile.write(content)

    def log_message(self, *rest):
        pass


@pytest.fixture
def hub(tmp_path):
    """A server with a detector, and a file that is none."""
    make_detector("memory").save(tmp_path / "detector.keras")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.asked = []
    server.files = {
        "line3/detector.keras": (tmp_path / "detector.keras").read_bytes(),
        "bad.keras": b"PK nothing of ours",
    }
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def loaded(tmp_path, port, *addresses, **environment):
    """For each address the size of its images, or the error."""
    code = (
        "import json, sys, kerasad\n"
        "from kerasad.errors import InputError\n"
        "for address in sys.argv[1:]:\n"
        "    try:\n"
        "        print(json.dumps(kerasad.load(address).image_size))\n"
        "    except InputError as error:\n"
        "        print(json.dumps(str(error)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *addresses],
        env={**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{port}",
             "HF_HOME": str(tmp_path / "cache"), "NO_PROXY": "127.0.0.1",
             "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1",
             **environment},
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@needs_hub
def test_one_file_is_fetched_and_vetted(hub, tmp_path):
    here = "hf://ours/parts"
    found = loaded(
        tmp_path,
        hub.server_port,
        f"{here}/line3/detector.keras",
        f"{here}/line3/detector.keras@v1",
        f"{here}/bad.keras",
        f"{here}/none.keras",
        f"{here}/bad.keras@v9",
        "hf://theirs/parts/detector.keras",
    )
    assert found[:2] == [[32, 32], [32, 32]]
    assert "not a .keras file" in found[2]  # what vetting says of any file
    assert found[3:] == [
        f"{here}/none.keras: the repository has no such file",
        f"{here}/bad.keras@v9: the repository has no such revision",
        "hf://theirs/parts/detector.keras: no such repository, or it needs a "
        "token in HF_TOKEN",
    ]
    assert all("/resolve/" in path for path in hub.asked)  # nothing else
    # From the cache without a network; it would try five times to reach it.
    found = loaded(
        tmp_path,
        hub.server_port,
        f"{here}/line3/detector.keras",
        f"{here}/other.keras",
        HF_HUB_OFFLINE="1",
    )
    assert found == [
        [32, 32],
        f"{here}/other.keras: the hub cannot be reached, and the file is not "
        "in the cache",
    ]


@pytest.mark.parametrize(
    "address",
    ["hf://ours/detector.keras", "hf://ours/parts/model.onnx", "hf://a/b/c@d"],
)
def test_other_addresses_are_refused(address):
    with pytest.raises(InputError, match="must be hf://OWNER/REPO/FILE.keras"):
        kerasad.load(address)


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r'pip install "kerasad\[hub\]"'):
        kerasad.load("hf://ours/parts/detector.keras")
