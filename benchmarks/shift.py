"""What a detector with a domain keeps under shift, and what that costs.

    python -m benchmarks.shift CATEGORY [--seeds 0 1 2] [--config accurate]

For each seed the recipe is trained with and without the domain. Both are
measured on the test split as it is and under table 2 of the paper; the first
also under each single factor at severity 1, and after `recalibrate` on the held
out training images under table 2. Nothing is chosen by it. Prints Markdown.
"""

import argparse
import time

import numpy as np

from benchmarks.spread import mean_and_range
from kerasad import metrics
from kerasad.allocator import keep_pages
from kerasad.calibration.independence import divide
from kerasad.config import load_config
from kerasad.data.layouts import open_category
from kerasad.data.shifts import SHIFTS, apply_shift
from kerasad.evaluation.diagnosis import shares_of_good
from kerasad.evaluation.evaluate import load_test
from kerasad.training.run import Run
from kerasad.training.train import fit

SEVERITIES = (0.25, 0.5, 1.0)
ROUNDS, TIMED = 10, 16


def trained(name, settings, category):
    config = load_config(name, settings)
    learnt, held_out, _ = divide(category, config, lambda text: None)
    run = Run(config.settings, config.seed)
    detector, _ = fit(config, learnt.images, held_out.images, run)
    detector.calibrate(held_out.images, groups=held_out.groups)
    return detector, held_out.images


def measured(detector, split, name, severity) -> dict:
    part, gone = split.shifted(name, 0, severity)
    part = part.only(~gone)
    result = detector.predict(part.images)
    scores = result["anomaly_score"]
    judged = result.get("in_domain", np.ones(len(scores), bool))
    pixels = metrics.pixel_metrics(part.masks, result["anomaly_map"], 0.3)
    flagged = scores > detector.limit()
    return {
        "image": metrics.roc_auc(part.labels, scores),
        "pixel": pixels["pixel_roc_auc"],
        "aupro": pixels["aupro"],
        **shares_of_good(part.labels, flagged, judged),
    }


def recalibrated(detector, images, split) -> dict:
    """Flagged good images under table 2, calibrated on others under it."""
    shifted = [
        apply_shift("paper", image, None, 1, index, 1.0)[0]
        for index, image in enumerate(images)
    ]
    detector.recalibrate(np.stack(shifted))
    return measured(detector, split, "paper", 1.0)


def slowdown(one, other, images) -> float:
    """Processor time of `one` by that of `other`, the least of each.

    In turn; of the processor, so that other work beside it counts for less.
    """
    times = {0: [], 1: []}
    for _ in range(ROUNDS):
        for place, detector in enumerate((one, other)):
            started = time.process_time()
            detector.predict(images)
            times[place].append(time.process_time() - started)
    return min(times[0]) / min(times[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("category")
    parser.add_argument("--config", default="accurate")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    keep_pages()  # as the commands do
    category = open_category(arguments.category)
    rows = {}
    costs = {"plain images": [], "one at a time": [], "shifted images": []}
    for seed in arguments.seeds:
        settings = [f"seed={seed}"]
        own, held_out = trained(arguments.config, settings, category)
        other, _ = trained(
            arguments.config, [*settings, "domain=none"], category
        )
        split = load_test(
            category.samples("test"), category.root, own.image_size
        )
        cells = [("none", 0.0)]
        cells += [("paper", severity) for severity in SEVERITIES]
        cells += [(name, 1.0) for name in SHIFTS if name != "paper"]
        for name, severity in cells:
            shift = "paper" if name == "none" else name
            key = f"{name} {severity:g}".replace("none 0", "none")
            found = measured(own, split, shift, severity)
            if shift == "paper":
                plain = measured(other, split, shift, severity)
                found["without"] = plain["image"]
            rows.setdefault(key, []).append(found)
        images = split.images[:TIMED]
        costs["plain images"].append(slowdown(own, other, images))
        costs["one at a time"].append(slowdown(own, other, images[:1]))
        images = split.shifted("paper", 0, 1.0)[0].images[:TIMED]
        costs["shifted images"].append(slowdown(own, other, images))
        rows.setdefault("paper 1, recalibrated", []).append(
            recalibrated(own, held_out, split)
        )
    print(table(rows))
    for name, ratios in costs.items():
        print(f"\nTime by that without domain, {name}: ", end="")
        print(mean_and_range(ratios, 2))


def table(rows) -> str:
    columns = {
        "image": "image ROC-AUC",
        "without": "the same without domain",
        "pixel": "pixel ROC-AUC",
        "aupro": "AUPRO",
        "good_flagged_in_domain": "good images flagged",
        "good_not_judged": "good images not judged",
        "good_flagged_or_not_judged": "either",
    }
    lines = [
        "| shift, severity | " + " | ".join(columns.values()) + " |",
        "| --- " * (1 + len(columns)) + "|",
    ]
    for name, found in rows.items():
        cells = [
            mean_and_range([one[key] for one in found], 3)
            if key in found[0]
            else ""
            for key in columns
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
