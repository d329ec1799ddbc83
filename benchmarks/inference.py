"""Scoring speed of `default`: Keras on each backend, exports, plain PyTorch.

    python -m benchmarks.inference [--rounds 3] [--detector FILE]

Without --detector, one of the recipe's full size is made from drawn capsules,
untrained: the time does not depend on the weights. Each way runs in a process
of its own, in turn, `--rounds` times; an export whose packages are missing is
left out and named. Prints Markdown: medians of the milliseconds for one image,
of the images a second in batches of 16, and of the ratio to `predict` of Keras
on PyTorch in float32 in the same round; then the seconds of `kerasad predict`
on one image file, imports included.
"""

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

KERAS = ("torch", "tensorflow", "jax")
# Format, the backend that writes it, precision.
EXPORTS = [
    ("onnx", "torch", "float32"),
    ("openvino", "torch", "float32"),
    ("openvino", "torch", "bfloat16"),
    ("litert", "tensorflow", "float32"),
    ("tf_saved_model", "tensorflow", "float32"),
    ("torch", "torch", "float32"),
]
WAYS = [
    *(("Keras predict", name, "float32") for name in KERAS),
    *EXPORTS,
    ("plain PyTorch, network only", "torch", "float32"),
]
BATCH = 16


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--detector", type=Path)
    parser.add_argument("--way", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.way is not None:
        print(json.dumps(work(options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        path = options.detector or folder / "detector.keras"
        if options.detector is None:
            make_detector(path)
        rounds = [
            [run(way, path, options.seconds) for way in range(len(WAYS))]
            for _ in range(options.rounds)
        ]
        print_table(rounds)
        image = folder / "image.png"
        write_image(image)
        print("\n| `kerasad predict`, one image | seconds |")
        print("| --- | ---: |")
        for backend in KERAS:
            seconds = statistics.median(
                cold_start(backend, path, image) for _ in range(options.rounds)
            )
            print(f"| {backend} | {seconds:.1f} |", flush=True)


def print_table(rounds):
    print("| scoring | by | precision | ms, one image | images/s, 16 | ratio |")
    print("| --- | --- | --- | ---: | ---: | ---: |")
    for way, (what, backend, precision) in enumerate(WAYS):
        runs = [done[way] for done in rounds]
        if "missing" in runs[0]:
            print(f"| {what} | {backend} | {precision} | {runs[0]['missing']} "
                  "| | |")  # fmt: skip
            continue
        latency = statistics.median(run["latency"] for run in runs)
        rate = statistics.median(run["rate"] for run in runs)
        ratio = statistics.median(
            done[way]["rate"] / done[0]["rate"] for done in rounds
        )
        print(
            f"| {what} | {backend} | {precision} | {1000 * latency:.0f} "
            f"| {rate:.1f} | {ratio:.2f} |"
        )


def run(way, path, seconds):
    print(*WAYS[way], file=sys.stderr)
    command = [sys.executable, "-m", "benchmarks.inference"]
    command += ["--way", str(way), "--detector", str(path)]
    done = subprocess.run(
        [*command, "--seconds", str(seconds)],
        env={**os.environ, "KERAS_BACKEND": WAYS[way][1]},
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout.splitlines()[-1])


def work(options):
    what, _, precision = WAYS[options.way]
    import kerasad

    detector = kerasad.load(options.detector)
    size = detector.image_size
    noise = np.random.default_rng(0).integers(0, 256, (BATCH, *size, 3))
    images = noise.astype("uint8")
    if what.startswith("Keras"):
        compute = detector.predict
    elif what.startswith("plain"):
        compute = plain(detector)
    else:
        compute = exported(detector, what, precision)
        if isinstance(compute, str):
            return {"missing": compute}
    return {
        "latency": seconds_of(compute, images[:1], options.seconds / 2),
        "rate": BATCH / seconds_of(compute, images, options.seconds / 2),
    }


def exported(detector, format, precision):
    """The artefact as a callable, or which package is missing."""
    from kerasad.errors import InputError
    from kerasad.export import export, find_format, openvino
    from kerasad.export.exported import opened

    row = find_format(format)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"model{row.suffix}"
        try:
            export(detector, target, format)
            if precision == "bfloat16":
                return openvino.open_artefact(str(target), "bf16")
            return opened(target, row)
        except (InputError, ImportError) as error:
            return f"not measured: {error}"


def plain(detector):
    """The network alone: no maps, no memories, less work than the others."""
    import torch

    from benchmarks.plain_torch import (
        channels_first,
        load_keras_weights,
        plain_of,
    )
    from kerasad.config import load_config

    network = plain_of(load_config("default").settings.members[0])
    load_keras_weights(network, detector.method.members[0].network)
    side = (*detector.image_size, 5)

    def compute(images):
        images = (images / 255.0).astype("float32")
        images = np.concatenate([images, np.zeros((len(images), *side))], -1)
        with torch.no_grad():
            return network(channels_first(images.astype("float32")))

    return compute


def seconds_of(compute, images, limit):
    """Median over calls; the first two trace and allocate."""
    compute(images)
    compute(images)
    taken, started = [], time.monotonic()
    while not taken or time.monotonic() - started < limit:
        now = time.perf_counter()
        compute(images)
        taken.append(time.perf_counter() - now)
    return statistics.median(taken)


@functools.cache
def drawn(count, size=256):
    from kerasad.capsules import draw_capsule

    rng = np.random.default_rng(0)
    return np.stack([draw_capsule(rng, size)[0] for _ in range(count)])


def make_detector(path):
    from kerasad.config import load_config
    from kerasad.detector import Detector
    from kerasad.methods.fused import FusedMethod
    from kerasad.training.run import Run

    config = load_config("default")
    images = drawn(40)
    known = np.concatenate([images[:20]] * 10)  # a memory of 200 images
    method = FusedMethod.from_settings(config.settings, (256, 256), len(known))
    method.members[1].fit(known, None, Run(None))
    detector = Detector(
        method, 256, score=config.score, top_fraction=config.top_fraction
    )
    detector.fit_map_statistics(known)
    detector.calibrate(images[20:], config.threshold)
    detector.save(path)


def write_image(path):
    from PIL import Image

    Image.fromarray(drawn(40)[-1]).save(path)


def cold_start(backend, detector, image):
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "kerasad", "predict", detector, image],
        env={**os.environ, "KERAS_BACKEND": backend},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.monotonic() - started


if __name__ == "__main__":
    main()
