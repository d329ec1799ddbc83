"""A Ray cluster for as long as it is needed, and what its workers start with.

Ray is imported in functions alone: it takes a second, and is an extra.
"""

import contextlib
import logging
import os
import signal
import socket
import sys
import threading

from kerasad.errors import InputError
from kerasad.many.jobs import shared_environment

GIVEN = ("KERAS_BACKEND", "KERASAD_IMAGE_MEMORY", "OMP_NUM_THREADS",
         "TF_NUM_INTRAOP_THREADS")  # fmt: skip
STORE = 256 << 20  # bytes that results on their way may take on this machine


@contextlib.contextmanager
def cluster(cores=None):
    """Joins the cluster of RAY_ADDRESS, or starts one on this machine.

    Args:
        cores: int. Of a cluster that is started; `None` for all.

    Yields:
        The `ray` module, connected until the end of the `with`, in which
        `sys.stdout` leads nowhere.

    Raises:
        InputError: nobody answers at RAY_ADDRESS.
    """
    address = os.environ.get("RAY_ADDRESS")
    check_answer(address)
    # Ray would report its use to its makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # It says of every actor that it may not come back, and it does come back.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray

    # Not the cluster of somebody else, whom Ray would find on this machine.
    own = {"address": "local", "num_cpus": cores, "object_store_memory": STORE}
    with (
        open(os.devnull, "w") as nothing,
        redirected(2, nothing),
        signals_kept(),
    ):
        ray.init(  # which raises what there is to know
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            **({} if address else own),
        )
    # Until it is gone it prints of tasks that failed whenever it hears of one,
    # among the lines of whoever uses it: those go to the stream of before.
    with (
        open(os.devnull, "w") as nothing,
        contextlib.redirect_stdout(nothing),
    ):
        try:
            yield ray
        finally:
            ray.shutdown()


def worker_environment(threads, beside=1) -> dict[str, str]:
    """Environment of a worker, there before it imports Keras.

    A machine of the cluster does not have the environment of this one.

    Args:
        threads: int, of a worker.
        beside: int. Workers on its machine, which share the memory for
            images.
    """
    shared = shared_environment(threads, beside)
    return {name: shared[name] for name in GIVEN if name in shared}


def check_answer(address):
    """Refuses HOST:PORT where nobody listens: Ray would try for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():  # none, or such as `auto`
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"RAY_ADDRESS={address}: nobody answers there; start a cluster "
            "with `ray start --head`, or unset it"
        ) from error


@contextlib.contextmanager
def signals_kept():
    """Ctrl-C and SIGTERM are whose they were: Ray takes them for itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def redirected(descriptor, file):
    """Points one of stdout and stderr, of C as well, at a file."""
    name = {1: "stdout", 2: "stderr"}[descriptor]
    stream, before = getattr(sys, name), os.dup(descriptor)
    os.dup2(file.fileno(), descriptor)
    setattr(sys, name, open(descriptor, "w", buffering=1, closefd=False))
    try:
        yield
    finally:
        getattr(sys, name).flush()
        setattr(sys, name, stream)
        os.dup2(before, descriptor)
        os.close(before)
