"""Commands as tasks of Ray, each in a process of its own."""

import contextlib
import os
import runpy
import sys
import time
from pathlib import Path

from kerasad.backend import ensure_backend
from kerasad.fleet.cluster import cluster, redirected, worker_environment
from kerasad.many.jobs import Done, last_line, report


def run_on_ray(commands, jobs, logs, say) -> dict[str, Done]:
    """`kerasad.many.jobs.run_jobs` on the machines of a cluster.

    They see data and runs under the same paths. A task whose process or
    machine dies is done again, by another, from the last checkpoint.

    Args:
        commands, logs, say: see there.
        jobs: int. Tasks at a time; `None` for one a machine.
    """
    logs = Path(logs).absolute()
    logs.mkdir(parents=True, exist_ok=True)
    ensure_backend()
    with cluster() as ray:
        nodes = [
            node["Resources"].get("CPU", 1)
            for node in ray.nodes()
            if node["Alive"]
        ]
        jobs = jobs or len(nodes)
        share = max(1, int(min(min(nodes), sum(nodes) // jobs)))
        beside = max(1, min(jobs, int(min(nodes)) // share))  # on a machine
        task = ray.remote(
            num_cpus=share,
            max_calls=1,  # the next one needs a Keras of its own
            max_retries=3,
            runtime_env={"env_vars": worker_environment(share, beside)},
        )(run_command)
        waiting, running, done = list(commands), {}, {}
        while waiting or running:
            while waiting and len(running) < jobs:
                name = waiting.pop(0)
                folder = os.getcwd()
                at = task.remote(commands[name], name, str(logs), folder)
                running[at] = name
            [ended], _ = ray.wait([*running])
            name = running.pop(ended)
            try:
                done[name] = Done(*ray.get(ended))
            except ray.exceptions.RayError as error:
                reason = " ".join(str(error).split())[:200]
                done[name] = Done(1, 0.0, f"the worker died: {reason}")
            report(name, done[name], say)
    return {name: done[name] for name in commands}


def run_command(arguments, name, logs, folder):
    """Runs one command in this process; what it prints goes to its logs.

    In this process and no child of it: Ray kills what it started, and would
    leave a child behind.

    Returns:
        The fields of a `Done`.
    """
    os.chdir(folder)  # what relative paths are meant from
    sys.argv = ["kerasad", *arguments]
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        for target, suffix in ((1, "out"), (2, "log")):
            file = stack.enter_context(open(f"{logs}/{name}.{suffix}", "w"))
            stack.enter_context(redirected(target, file))
        try:
            runpy.run_module("kerasad", run_name="__main__")
            status = 0
        except SystemExit as end:
            status = end.code or 0
    return status, time.monotonic() - started, last_line(logs, name)
