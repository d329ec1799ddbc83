"""Commands side by side, each in a process of its own."""

import concurrent.futures
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

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

    Each gets its share of the cores, set before its Keras is imported. Ended
    itself, it ends them.

    Args:
        commands: dict of lists of arguments by name.
        jobs: int. Processes at a time.
        logs: folder for `NAME.out` and `NAME.log`, what each printed.
        say: called with a line as each ends.
    """
    logs = Path(logs)
    logs.mkdir(parents=True, exist_ok=True)
    share = str(max(1, (os.cpu_count() or 1) // jobs))
    environment = {**dict.fromkeys(THREADS, share), **os.environ}
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
        lines = (logs / f"{name}.log").read_text(errors="replace").splitlines()
        seconds = time.monotonic() - started
        done = Done(status, seconds, lines[-1] if lines else "")
        if not closing.is_set():
            said = f"status {status}: {done.said}" if status else "done"
            say(f"{name}: {said} ({seconds:.0f} s)")
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
