"""Draws the README's picture: real output of a detector on test images.

python benchmarks/gallery.py runs/default/detector.keras docs/gallery.png
"""

import sys

import kerasad
from kerasad.capsules import builtin_capsules
from kerasad.evaluation import evaluate
from kerasad.reports.figures import gallery_figure
from kerasad.reports.results import picture

SHOWN = 2  # the place of the image in its folder, the same for each defect


def main(detector, path):
    detector = kerasad.load(detector)
    evaluation = evaluate(detector, builtin_capsules(detector.image_size[0]))
    rows, seen = [], {}
    for index, sample in enumerate(evaluation.samples):
        seen[sample.defect] = seen.get(sample.defect, -1) + 1
        if seen[sample.defect] != SHOWN:
            continue
        rows.append(picture(evaluation, detector, index))
    gallery_figure(rows, path)


if __name__ == "__main__":
    main(*sys.argv[1:3])
