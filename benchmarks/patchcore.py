"""`fast` beside a plain PyTorch PatchCore on the same backbone, in one run.

    KERAS_BACKEND=torch python -m benchmarks.patchcore CATEGORY
        [--core-set random greedy] [--threads 1] [--rounds 30]

Reads the test split. Times are CPU seconds with one thread, wall seconds with
more; those of one image are medians, taken in turns. Prints Markdown.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks import plain_patchcore
from kerasad import metrics
from kerasad.allocator import keep_pages
from kerasad.backbones.efficientnet_lite0 import weights_path
from kerasad.config import load_config
from kerasad.data.category import read_sample
from kerasad.data.images import load_images
from kerasad.data.layouts import open_category
from kerasad.training.train import train


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("category", type=Path)
    parser.add_argument("--config", default="fast")
    parser.add_argument(
        "--core-set",
        nargs="+",
        choices=("random", "greedy"),
        default=["random"],
    )
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args(arguments)
    keep_pages()  # as the commands do: the plain loop is quicker for it, too
    torch.set_num_threads(options.threads)
    clock = time.process_time if options.threads == 1 else time.perf_counter
    config = load_config(options.config)
    category, size = open_category(options.category), config.image_size
    images = load_images(category.samples("train"), size)
    samples = category.samples("test")
    pairs = [read_sample(sample, size) for sample in samples]
    test, masks = (np.stack(column) for column in zip(*pairs, strict=True))
    bad = np.array([sample.label for sample in samples], bool)

    backbone = plain_patchcore.load_backbone(weights_path("imagenet"))
    plain_patchcore.extract(backbone, test[:16])  # warms up
    start = clock()
    plain_patchcore.extract(backbone, images)
    extraction = clock() - start
    rows = [("features alone", extraction, None)]
    calls = {"backbone alone": lambda x: plain_patchcore.extract(backbone, x)}
    for kind in options.core_set:
        start = clock()
        memory = plain_patchcore.fit(
            backbone, images, options.share, kind == "greedy", config.seed
        )
        name = f"plain PatchCore, {options.share:.0%} {kind}"
        rows.append(
            (
                name,
                clock() - start,
                plain_patchcore.score(backbone, memory, test),
            )
        )
        calls[name] = lambda x, memory=memory: plain_patchcore.score(
            backbone, memory, x
        )
    start = clock()
    with tempfile.TemporaryDirectory() as folder:
        detector = train(config, options.category, folder).detector
    seconds = clock() - start
    result = detector.predict(test)
    rows.append(
        (
            f"`{config.name}`, with threshold",
            seconds,
            (result["anomaly_score"], result["anomaly_map"]),
        )
    )
    calls[f"`{config.name}`"] = detector.predict

    print(f"{len(images)} good images, {len(test)} of the test split, ", end="")
    print(f"{size} pixels, threads: {options.threads}\n")
    print("| fitting | seconds | of features alone | image | pixel | AUPRO |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, spent, found in rows:
        cells = ["", "", ""]
        if found is not None:
            scores, maps = found
            pixel = metrics.pixel_metrics(masks, maps, fpr_limit=0.3)
            image = metrics.roc_auc(bad, scores)
            values = image, pixel["pixel_roc_auc"], pixel["aupro"]
            cells = [f"{value:.3f}" for value in values]
        ratio = f"{spent / extraction:.2f}"
        print(f"| {name} | {spent:.1f} | {ratio} | {' | '.join(cells)} |")
    print("\n| one image | ms | of the backbone alone |")
    print("| --- | ---: | ---: |")
    spent = one_image(calls, test, options.rounds, clock)
    for name, seconds in spent.items():
        ratio = seconds / spent["backbone alone"]
        print(f"| {name} | {1000 * seconds:.0f} | {ratio:.2f} |")


def one_image(calls, images, rounds, clock):
    """Median seconds of each call for one image, in turns."""
    spent = {name: [] for name in calls}
    for number in range(-2, rounds):  # two that do not count
        image = images[number % len(images)][None]
        for name, call in calls.items():
            start = clock()
            call(image)
            if number >= 0:
                spent[name].append(clock() - start)
    return {name: float(np.median(times)) for name, times in spent.items()}


if __name__ == "__main__":
    main()
