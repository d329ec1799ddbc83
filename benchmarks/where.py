"""Where the time of a training step of `default`, and of scoring, goes.

    KERAS_BACKEND=torch python -m benchmarks.where [--detector FILE]

On PyTorch, with its own profiler. Prints Markdown: milliseconds of processor
time of a batch of 16 crops, which a thread of its own makes while the network
learns, and of a step with it; then the shares of the operations in the step,
and in scoring where a detector is given.
"""

import argparse
import time
from pathlib import Path

import numpy as np

MOST = 10  # operations


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--detector", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(arguments)

    from kerasad.allocator import keep_pages

    keep_pages()  # as the commands do
    dataset, step = training()
    print(f"batch: {spent(lambda: dataset[0], options.repeats):.0f} ms")
    print(f"step: {spent(step, options.repeats):.0f} ms\n")
    shares(step)
    if options.detector is not None:
        import kerasad

        detector = kerasad.load(options.detector)
        shape = (16, *detector.image_size, 3)
        rng = np.random.default_rng(0)
        images = rng.integers(256, size=shape, dtype="uint8")

        def score():
            detector.predict(images)

        print(f"\n16 images: {spent(score, options.repeats):.0f} ms\n")
        shares(score)


def training():
    """The data set of `default` and a step with its first batch."""
    from kerasad.capsules import draw_capsule
    from kerasad.config import load_config
    from kerasad.data.textures import builtin_textures
    from kerasad.methods import ssae
    from kerasad.training.gradient import compile_network
    from kerasad.training.precision import resolve_precision

    settings = load_config("default").settings.members[0]
    rng = np.random.default_rng(0)
    images = np.stack([draw_capsule(rng, 256)[0] for _ in range(16)])
    bank = builtin_textures(0, 256)
    dataset = ssae.batches(images, images, bank, settings, 0)
    policy, _ = resolve_precision(settings.precision)
    network = ssae.network_of(settings, settings.crop, policy)
    compile_network(network, ssae.losses_of(settings), settings)
    batch = dataset[0]
    return dataset, lambda: network.train_on_batch(*batch)


def spent(work, repeats) -> float:
    """Milliseconds of processor time, after two that allocate."""
    work(), work()
    began = time.process_time()
    for _ in range(repeats):
        work()
    return 1000 * (time.process_time() - began) / repeats


def shares(work):
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        work()
    events = profiler.key_averages()
    total = sum(event.self_cpu_time_total for event in events)
    print("| operation | share | calls |")
    print("| --- | ---: | ---: |")
    events = sorted(events, key=lambda e: e.self_cpu_time_total, reverse=True)
    for event in events[:MOST]:
        share = event.self_cpu_time_total / total
        print(f"| {event.key} | {share:.1%} | {event.count} |")


if __name__ == "__main__":
    main()
