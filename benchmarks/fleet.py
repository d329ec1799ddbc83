"""Scoring an archive on one machine and, simulated, on many.

    python -m benchmarks.fleet DETECTOR PHOTOS [--repeats 3] [--images 400]

Measures `kerasad predict --results` with 1 and 2 processes, once as `--shard`
and once on Ray, each process with one thread: the start, up to the first line
in the results, and the seconds an image after it. Then what a file costs that
falls to another shard, and what a line costs the process that appends it.
PHOTOS are linked again and again up to so many images.

From these costs follows the time of a million images on 1 to 64 nodes of
2 workers, with a straggler among twenty nodes and workers that are killed:
`simulated_shards` and `simulated_ray`. What is not measured here is stated
beside it: SLOW, SHARE_SLOW, HOURS.

Prints Markdown.
"""

import argparse
import contextlib
import heapq
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

NODES = (1, 2, 4, 8, 16, 32, 64)
WORKERS = 2  # of a node
IMAGES = 10**6
SLOW = 2.0  # a straggler takes so many times as long
SHARE_SLOW = 0.05  # of the nodes
HOURS = 4.0  # from one kill of a worker to the next, on average
BLOCKS = 4096  # of Ray, see kerasad.fleet.scoring
BATCH = 16  # images that a killed worker has under way
DRAWS = 5
SIZE = IMAGES // BLOCKS  # of a block
LINES = 20_000  # that Ray's driver is timed with


@dataclass(frozen=True)
class Costs:
    """Seconds: of the `start` of a worker, of an `image`, of a file that is
    `another`'s, and of a line for the process that appends it."""

    start: float
    image: float
    another: float
    line: float


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("detector", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--images", type=int, default=400)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "archive"
        fill(archive, sorted(options.photos.iterdir()), options.images)
        runs = {
            (kind, workers): []
            for kind in ("--shard", "--ray")
            for workers in (1, 2)
        }
        for _ in range(options.repeats):  # in turn, for the load changes
            for (kind, workers), found in runs.items():
                results = Path(folder) / "results"
                found.append(
                    measured(kind, workers, options.detector, archive, results)
                )
        show(runs)
        another = cost_of_another(archive)
        line = cost_of_line(results)
    print(
        f"\nA file that is listed and left out costs {1e6 * another:.0f} µs, a "
        f"line that comes from an actor {1e6 * line:.0f} µs of Ray's driver.\n"
    )
    shard, ray = (
        Costs(
            statistics.median(r["start"] for r in runs[kind, WORKERS]),
            # Of a worker with its neighbour at work; a shard's append is in it.
            WORKERS / statistics.median(r["rate"] for r in runs[kind, WORKERS]),
            another,
            line if kind == "--ray" else 0.0,
        )
        for kind in ("--shard", "--ray")
    )
    table(shard, ray)


def fill(archive, photos, count):
    archive.mkdir()
    for number in range(count):
        photo = photos[number % len(photos)]
        shutil.copyfile(photo, archive / f"{number:06d}{photo.suffix}")


def measured(kind, workers, detector, archive, results) -> dict:
    """One run: seconds to the first line, and images a second once all
    workers are at work."""
    shutil.rmtree(results, ignore_errors=True)
    command = [sys.executable, "-m", "kerasad", "predict", str(detector),
               str(archive), f"--results={results}"]  # fmt: skip
    each = {
        "--shard": [[f"--shard={i + 1}/{workers}"] for i in range(workers)],
        "--ray": [["--ray", f"--workers={workers}"]],
    }[kind]
    began = time.monotonic()
    processes = [
        subprocess.Popen(
            [*command, *options],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for options in each
    ]
    whole = len(list(archive.iterdir()))
    # All workers at work: twice as many lines as a batch of each.
    head = 2 * BATCH * workers
    marks = []
    for goal in (1, head, whole):
        while count(results) < goal:
            if any(process.poll() for process in processes):
                raise SystemExit(f"{kind}: a process failed")
            time.sleep(0.002)
        marks.append((count(results), time.monotonic() - began))
    for process in processes:
        process.wait()
    (_, start), (low, warm), (high, end) = marks
    return {"start": start, "rate": (high - low) / (end - warm)}


def count(results) -> int:
    return sum(f.read_bytes().count(b"\n") for f in results.glob("*.jsonl"))


class Same:
    """An actor that gives back what it is given."""

    def __call__(self, batch):
        return {"line": list(batch["line"])}


def cost_of_line(results) -> float:
    """Processor seconds of the driver for a line, from an actor that has
    nothing to do to the end of the results."""
    from kerasad.fleet.cluster import cluster
    from kerasad.shards import Results

    items = [
        {"line": line}
        for file in results.glob("*.jsonl")
        for line in file.read_bytes().splitlines()
    ]
    items = list(itertools.islice(itertools.cycle(items), LINES))
    with cluster(1):
        import ray.data as data

        data.DataContext.get_current().enable_progress_bars = False
        given = data.from_items(items, override_num_blocks=LINES // SIZE)
        passed = given.map_batches(
            Same,
            batch_size=BATCH,
            compute=data.ActorPoolStrategy(size=1),
        )
        with (
            Results(results / "again", (1, 1), __file__) as appended,
            contextlib.closing(iter(passed.iter_rows())) as rows,
        ):
            next(rows)
            began, count = time.process_time(), 0
            for row in rows:
                appended.add(json.loads(row["line"]))
                count += 1
        return (time.process_time() - began) / count


def cost_of_another(archive) -> float:
    """Seconds for a file that is listed and falls to another shard."""
    from kerasad.prediction import image_paths, pages_of
    from kerasad.shards import falls_to

    began, files = time.process_time(), 0
    for path in itertools.islice(image_paths([archive]), 10**5):
        for _ in pages_of(path):
            falls_to(path, 1, 10**6)
        files += 1
    return (time.process_time() - began) / files


def show(runs):
    print("| | workers | start s | images/s | of 1 shard's | efficiency |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    rates = {key: [run["rate"] for run in found] for key, found in runs.items()}
    first = statistics.median(rates["--shard", 1])
    for (kind, workers), found in runs.items():
        rate = statistics.median(rates[kind, workers])
        alone = statistics.median(rates[kind, 1])
        start = statistics.median(run["start"] for run in found)
        low, high = min(rates[kind, workers]), max(rates[kind, workers])
        print(
            f"| `{kind}` | {workers} | {start:.1f} | {rate:.1f} ({low:.1f} to "
            f"{high:.1f}) | {rate / first:.2f} | {rate / workers / alone:.2f} |"
        )


def table(shard, ray):
    print(f"| nodes of {WORKERS} | `--shard` | efficiency | "
          "`--ray` | efficiency |")  # fmt: skip
    print("| ---: | ---: | ---: | ---: | ---: |")
    ideal = shard.image * IMAGES / WORKERS
    for nodes in NODES:
        cells = [f"{nodes}"]
        for simulated, costs in (
            (simulated_shards, shard),
            (simulated_ray, ray),
        ):
            seconds = statistics.median(
                simulated(costs, nodes, np.random.default_rng(draw))
                for draw in range(DRAWS)
            )
            cells += [hours(seconds), f"{ideal / nodes / seconds:.2f}"]
        print(f"| {' | '.join(cells)} |")


def hours(seconds) -> str:
    return f"{seconds / 3600:.2f} h" if seconds >= 3600 else f"{seconds:.0f} s"


def paces_of(nodes, rng, slow=None):
    """How many times as long each worker takes as those measured."""
    if slow is None:
        slow = rng.random(nodes) < SHARE_SLOW
    return np.repeat(np.where(slow, SLOW, 1.0), WORKERS)


def simulated_shards(
    costs, nodes, rng, images=IMAGES, slow=None, hours=HOURS
) -> float:
    """Seconds until the last shard is done.

    A worker has the images that fall to it, and nobody takes them from it.
    Killed, it is started again at once: it starts and lists anew, and does
    the batch again that was under way.
    """
    paces = paces_of(nodes, rng, slow)
    shares = rng.multinomial(images, np.full(len(paces), 1 / len(paces)))
    ready = paces * (costs.start + images * costs.another)
    work = paces * shares * (costs.image + costs.line)
    kills = rng.poisson((ready + work) / (3600.0 * hours))
    again = kills * (ready + paces * BATCH * costs.image)
    return float((ready + work + again).max())


def simulated_ray(
    costs, nodes, rng, images=IMAGES, slow=None, hours=HOURS
) -> float:
    """Seconds until the driver has appended the last line.

    A free worker takes the next block. Killed, it starts anew, and somebody
    does its block again. One driver lists, and appends what comes, line by
    line; no run is shorter than its work.
    """
    paces = paces_of(nodes, rng, slow)
    listed = images * costs.another
    free = [(costs.start * pace + listed, pace) for pace in paces]
    heapq.heapify(free)
    count = min(BLOCKS, -(-images // BATCH))
    blocks = [len(part) for part in np.array_split(np.arange(images), count)]
    ends = []
    while blocks:
        now, pace = heapq.heappop(free)
        size = blocks.pop()
        seconds = pace * size * costs.image
        death = rng.exponential(3600.0 * hours)
        if death < seconds:
            blocks.append(size)
            heapq.heappush(free, (now + death + pace * costs.start, pace))
        else:
            ends.append((now + seconds, size))
            heapq.heappush(free, (now + seconds, pace))
    done = 0.0
    for end, size in sorted(ends):
        done = max(done, end) + size * costs.line
    return done


if __name__ == "__main__":
    main()
