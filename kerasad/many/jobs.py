"""Commands side by side, each in a process of its own."""

import concurrent.futures
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from kerasad.stored import memory_limit

# What the backends and their libraries take their number of threads from.
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")


@dataclass(frozen=True)
class Done:
    """How a command ended: its `status`, seconds, and its last line."""

    status: int
    seconds: float
    said: str


def run_jobs(commands, jobs, logs, say) -> dict[str, Done]:
    """Runs `kerasad` commands, so many at a time; one that fails stops none.

    Each gets its share of the cores and of the memory for images, set before
    its Keras is imported. Ended itself, it ends them.

    Args:
        commands: dict of lists of arguments by name.
        jobs: int. Processes at a time.
        logs: folder for `NAME.out` and `NAME.log`, what each printed.
        say: called with a line as each ends.
    """
    logs = Path(logs)
    logs.mkdir(parents=True, exist_ok=True)
    environment = shared_environment((os.cpu_count() or 1) // jobs, jobs)
    running, closing = set(), threading.Event()

    def run(name):
        if closing.is_set():
            return None
        started = time.monotonic()
        with open(logs / f"{name}.out", "w") as out:
            with open(logs / f"{name}.log", "w") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "kerasad", *commands[name]],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=log,
                )
                running.add(process)
                status = process.wait()
                running.discard(process)
        seconds = time.monotonic() - started
        done = Done(status, seconds, last_line(logs, name))
        if not closing.is_set():
            report(name, done, say)
        return done

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = {name: pool.submit(run, name) for name in commands}
        try:
            return {name: future.result() for name, future in futures.items()}
        except BaseException:
            closing.set()
            for process in list(running):
                process.terminate()  # train says how to go on, and ends
            raise


def shared_environment(threads, jobs) -> dict[str, str]:
    """The environment of one of so many processes on this machine.

    Threads that somebody chose stay; the memory for images, chosen or not, is
    that of all together.
    """
    memory = (memory_limit() >> 20) // jobs
    return {
        **dict.fromkeys(THREADS, str(max(1, threads))),
        **os.environ,
        "KERASAD_IMAGE_MEMORY": str(memory),
    }


def last_line(logs, name) -> str:
    """Of what a command said on stderr."""
    text = (Path(logs) / f"{name}.log").read_text(errors="replace")
    return (text.splitlines() or [""])[-1]


def report(name, done, say):
    """Says in a line how a job ended."""
    said = f"status {done.status}: {done.said}" if done.status else "done"
    say(f"{name}: {said} ({done.seconds:.0f} s)")
