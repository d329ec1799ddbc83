"""Training speed of `default`, against a plain PyTorch loop.

    python -m benchmarks.throughput [--rounds 3] [--seconds 20] [--ways 0 2 4]

Each way trains in a process of its own, in turn, `--rounds` times: kerasad
through `fit`, as `kerasad train` does, the plain loop by itself; both take
their batches from the stream that `train` takes them from, which makes the next
ones in a thread of its own. An image is what the recipe trains on: a crop of
128 pixels of an image of 256, corrupted anew; for the paper's Model II a whole
image. Prints a Markdown table: medians of images a second, the ratio to the
plain float32 PyTorch loop of the same round, the share of the time that the
training waits for a batch (`-` on TensorFlow, which takes batches in its own
threads), the share of the rate that is lost against training on one batch again
and again, and the peak memory. "By processor" is the ratio of images a second
of processor time, which others on the same cores do not change as much: pinned
to one core (`taskset -c 0`) it is what the ratio would be alone on it.
"""

import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

PLAIN = ("plain PyTorch loop, AdamW", "torch", "default", "float32")
WAYS = [
    PLAIN,
    ("kerasad", "torch", "default", "float32"),
    ("kerasad", "torch", "default", "mixed_bfloat16"),
    ("kerasad", "tensorflow", "default", "float32"),
    ("kerasad", "tensorflow", "default", "mixed_bfloat16"),
    ("kerasad", "jax", "default", "float32"),
    ("the paper's Model II, full resolution", "tensorflow", "e5", "float32"),
    ("the same", "tensorflow", "e5", "mixed_bfloat16"),
]
WARM_UP = 3  # batches


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--ways", type=int, nargs="*")
    parser.add_argument("--way", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.way is not None:
        print(json.dumps(work(options)))
        return
    # The first is what the others are compared with.
    ways = options.ways or range(len(WAYS))
    ways = [0, *(way for way in ways if way)]
    rounds = [
        {index: run(index, arguments or sys.argv[1:]) for index in ways}
        for _ in range(options.rounds)
    ]
    print("| training | backend | precision | images/s | ratio | by processor "
          "| waits | lost to data | peak GiB |")  # fmt: skip
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for index in ways:
        what, backend, _, precision = WAYS[index]
        runs = [done[index] for done in rounds]
        ratio, processor = (
            statistics.median(
                done[index][key] / done[0][key] for done in rounds
            )
            for key in ("rate", "processor")
        )
        rate, waits, lost, peak = (
            statistics.median(run[key] for run in runs)
            for key in ("rate", "waits", "lost", "peak")
        )
        waits = "-" if backend == "tensorflow" else f"{waits:.1%}"
        print(
            f"| {what} | {backend} | {precision} | {rate:.1f} | {ratio:.2f} "
            f"| {processor:.2f} | {waits} | {max(lost, 0):.1%} | {peak:.1f} |"
        )


def run(index, arguments):
    """One way in its own process, for its backend and its peak memory."""
    what, backend, recipe, precision = WAYS[index]
    print(f"{what}, {recipe}, {backend} {precision}", file=sys.stderr)
    command = [sys.executable, "-m", "benchmarks.throughput"]
    done = subprocess.run(
        [*command, *arguments, "--way", str(index)],
        env={**os.environ, "KERAS_BACKEND": backend},
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout.splitlines()[-1])


def work(options):
    from kerasad.capsules import draw_capsule
    from kerasad.config import load_config
    from kerasad.data.textures import builtin_textures
    from kerasad.methods import ssae

    what, _, recipe, precision = WAYS[options.way]
    config = load_config(recipe, [*options.set, f"precision={precision}"])
    size = config.image_size
    rng = np.random.default_rng(0)
    images = np.stack([draw_capsule(rng, size)[0] for _ in range(32)])
    bank = builtin_textures(config.seed, size)
    settings = config.settings
    if config.method == "fused":
        settings = settings.members[0]
    dataset = ssae.batches(images, images, bank, settings, config.seed)
    if what.startswith("plain"):
        rate = plain_rates(settings)
    else:
        rate = keras_rates(settings, settings.crop or size)
    fixed = rate(Again(dataset), options.seconds)["rate"]
    found = rate(dataset, options.seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {**found, "lost": 1.0 - found["rate"] / fixed, "peak": peak}


class Again:
    """The first batch of a data set, as if it were all of them."""

    def __init__(self, dataset):
        self.first = dataset[0]

    def __len__(self):
        return 1

    def batch(self, epoch, index):
        return self.first


class Clock:
    """Images a second once the warm-up is over, and what was waited for."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.batches = self.images = 0
        self.waited = 0.0

    def over(self, images):
        """Counts a batch; whether the time is up."""
        self.batches += 1
        if self.batches == WARM_UP:  # tracing, memory
            self.started = time.monotonic()
            self.before = time.process_time()
        elif self.batches > WARM_UP:
            self.images += images
            self.taken = time.monotonic() - self.started
            return self.taken >= self.seconds
        return False

    def stream(self, dataset):
        """Batches as `train` takes them, with the time that it takes."""
        from kerasad.training.endless import Endless

        clock = self

        class Timed(Endless):
            def __getitem__(self, index):
                began = time.monotonic()
                batch = super().__getitem__(index)
                if clock.batches >= WARM_UP:
                    clock.waited += time.monotonic() - began
                return batch

        return Timed(dataset)

    def result(self):
        return {
            "rate": self.images / self.taken,
            "processor": self.images / (time.process_time() - self.before),
            "waits": self.waited / self.taken,
        }


def keras_rates(settings, side):
    import keras

    from kerasad.allocator import keep_pages
    from kerasad.methods import ssae
    from kerasad.training.gradient import compile_network

    keep_pages()  # as `kerasad train` does
    model = ssae.network_of(settings, side, settings.precision)
    compile_network(model, ssae.losses_of(settings), settings)

    class Stop(keras.callbacks.Callback):
        def __init__(self, clock):
            super().__init__()
            self.clock = clock

        def on_train_batch_end(self, batch, logs=None):
            if self.clock.over(settings.batch_size):
                self.model.stop_training = True

    def rate(dataset, seconds):
        clock = Clock(seconds)
        with clock.stream(dataset) as stream:
            model.fit(
                stream,
                steps_per_epoch=100_000,
                shuffle=False,
                verbose=0,
                callbacks=[Stop(clock)],
            )
        return clock.result()

    return rate


def plain_rates(config):
    step = plain_step(config)

    def rate(dataset, seconds):
        clock = Clock(seconds)
        with clock.stream(dataset) as stream:
            for index in itertools.count():
                step(stream[index])
                if clock.over(config.batch_size):
                    return clock.result()

    return rate


def plain_step(config):
    import torch

    from benchmarks.plain_torch import plain_of, train_step

    model = plain_of(config)
    optimizer = torch.optim.AdamW(
        model.parameters(), config.learning_rate, weight_decay=1e-2
    )

    def step(batch):
        inputs, targets, weights = batch
        train_step(
            model,
            optimizer,
            config,
            inputs,
            targets["reconstruction"],
            weights["reconstruction"],
            targets["anomaly_logits"],
        )

    return step


if __name__ == "__main__":
    main()
