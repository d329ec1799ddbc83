"""From files to a server that listens, until it is told to stop."""

import socket
from concurrent.futures import ThreadPoolExecutor

from kerasad.errors import InputError
from kerasad.serving.access import is_loopback
from kerasad.serving.app import make_app
from kerasad.serving.journal import Journal
from kerasad.serving.limits import Limits
from kerasad.serving.served import Served, named
from kerasad.serving.server import Server

WAITING = 2048  # connections that nobody has accepted yet


def serve(
    detectors,
    host="127.0.0.1",
    port=8000,
    token=None,
    limits=None,
    log=None,
    say=print,
):
    """Serves detectors until the process is asked to end.

    Open requests are answered first, for as long as one may take.

    Args:
        detectors: list of files, or `NAME=FILE`.
        host: address to listen on; any but loopback needs a `token`.
        port: int; 0 for a free one.
        token: str that clients have to give, or `None`.
        limits: `kerasad.serving.limits.Limits`.
        log: file that requests are appended to, as JSON Lines.
        say: callable that is given the address, once it answers there.

    Raises:
        InputError: a detector cannot be served, or the port is taken.
    """
    import uvicorn

    if token is None and not is_loopback(host):
        raise InputError(
            f"{host} can be reached from other machines: set KERASAD_TOKEN to "
            "a secret that clients give, or leave out --host"
        )
    limits = limits or Limits()
    paths = named(detectors)
    scoring = ThreadPoolExecutor(1)
    loaded = {
        name: scoring.submit(Served, name, path).result()
        for name, path in paths.items()
    }
    server = Server(loaded, limits, Journal(log), scoring)
    listening = listen(host, port)
    config = uvicorn.Config(
        make_app(server, token),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(limits.seconds) + 1,
    )
    name = f"[{host}]" if ":" in host else host
    say(f"http://{name}:{listening.getsockname()[1]}")
    uvicorn.Server(config).run(sockets=[listening])


def listen(host, port):
    """A bound socket, or `InputError`; port 0 takes any that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(WAITING)
    except OSError as error:
        listening.close()
        raise InputError(
            f"cannot listen on port {port} of {host}: {error.strerror}; "
            "choose another with --port, 0 for any that is free"
        ) from error
    return listening
