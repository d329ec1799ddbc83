"""The paper's tables 4 to 10 and figures 5 to 9, measured anew.

    python -m benchmarks.paper CATEGORY [--budget MINUTES] [--configs h1,h2]

CATEGORY is a folder in MVTec layout. Each configuration is trained once, in
full or until its equal share of the budget is spent, and evaluated. A
finished one is a JSON file in the folder of runs: what was interrupted goes on
where it stopped, what is finished is not done again unless the settings
changed. With `--trained`, finished runs of another folder are taken, whose
settings differ in nothing but in how a map becomes a score. The tables are
written after every configuration, to paper.md and paper.json; figures stay in
the folder of runs, for most show the images.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import time
from pathlib import Path

import keras
import numpy as np
from sklearn.metrics import precision_recall_curve

from benchmarks.paper_tables import (
    CONFIGS,
    IMAGE,
    MATCHED,
    PIXEL,
    ROWS,
    TABLES,
    write_tables,
)
from benchmarks.rescored import rescore
from kerasad import metrics
from kerasad.config import load_config
from kerasad.data.category import fingerprint
from kerasad.data.layouts import open_category
from kerasad.errors import InputError
from kerasad.evaluation import evaluate
from kerasad.files import write_text
from kerasad.provenance import versions
from kerasad.reports.figures import gallery_figure
from kerasad.reports.results import picture
from kerasad.training.devices import cpu_fact
from kerasad.training.train import train

HERE = Path(__file__).parent
FIGURES = {"c1": 6, "2a": 7, "h2": 8, "e5": 9}  # of heatmaps
LARGEST = 45 / 109  # of the anomalous images: as many as test-set 2 has


def main(arguments=None):
    options = parse(arguments)
    wanted = chosen(options)
    minutes = options.budget and options.budget / len(wanted)
    options.runs.mkdir(parents=True, exist_ok=True)
    options.results.mkdir(parents=True, exist_ok=True)
    category = open_category(options.category)
    data = fingerprint(
        sample.path
        for sample in category.samples("train") + category.samples("test")
    )
    for name in wanted:
        config = load_config(name, settings_of(name, options.set))
        request = {
            "config": config.flat(),
            "data": data,
            "textures": options.textures and str(options.textures),
            "minutes": minutes,
        }
        request = json.loads(json.dumps(request))
        path = options.runs / f"{name}.json"
        if (
            path.is_file()
            and json.loads(path.read_text())["request"] == request
        ):
            say(f"{name}: done before")
            continue
        result = run(config, options, request)
        write_text(path, json.dumps(result, indent=1))
        write_tables(options.runs, options.results)
    write_tables(options.runs, options.results)
    say(f"written to {options.results}")


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("category", type=Path)
    parser.add_argument(
        "--budget",
        type=float,
        metavar="MINUTES",
        help="of training, in equal shares; without it, full length",
    )
    parser.add_argument("--configs", help=f"of {','.join(CONFIGS)}")
    parser.add_argument("--tables", help="of 4 to 10, such as 6,8")
    parser.add_argument(
        "--textures", type=Path, help="such as DTD's images; else built-in"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="changes a key of each configuration that has it, such as stem=4",
    )
    parser.add_argument("--runs", type=Path, default=HERE / "runs" / "paper")
    parser.add_argument(
        "--trained",
        type=Path,
        metavar="RUNS",
        help="runs of the same networks: they are only scored anew",
    )
    parser.add_argument("--results", type=Path, default=HERE / "results")
    return parser.parse_args(arguments)


def settings_of(name, settings):
    """Those of the settings that the method of a recipe has."""
    keys = load_config(name).flat()
    return [s for s in settings if s.partition("=")[0] in keys]


def chosen(options):
    """Names of the configurations, cheap ones first as far as known."""
    names = options.configs.split(",") if options.configs else CONFIGS
    tables = options.tables.split(",") if options.tables else TABLES
    for name in names:
        if name not in CONFIGS:
            sys.exit(f"--configs: no {name!r} among {', '.join(CONFIGS)}")
    for table in tables:
        if str(table) not in map(str, TABLES):
            sys.exit(f"--tables: no {table!r} among 4 to 10")
    within = {row[1] for row in ROWS if str(row[0]) in map(str, tables)}
    found = [name for name in names if name in within]
    if not found:
        sys.exit("none of --configs is in any of --tables")
    return sorted(found, key=lambda name: name in ("c1", "2a"))


def run(config, options, request):
    """Trains and evaluates one configuration; what the tables need of it."""
    out = options.runs / config.name
    say(f"{config.name}: training")
    marker = out / "request.json"
    text = json.dumps(request)
    # Only a run begun with the very same settings goes on.
    resume = marker.is_file() and marker.read_text() == text
    if out.is_dir() and not resume:
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    write_text(marker, text)
    if options.trained:
        rescore(options.trained / config.name, options.category, out, config)
        resume = True
    trained = train(
        config,
        options.category,
        out,
        options.textures,
        resume=resume,
        progress=Report(config.name),
        say=lambda line: say(f"{config.name}: {line}"),
        minutes=request["minutes"],
    )
    detector = trained.detector
    say(f"{config.name}: scoring the test images")
    started = time.monotonic()
    plain = evaluate(detector, options.category)
    figures = options.runs / "figures"
    figures.mkdir(exist_ok=True)
    if config.name in FIGURES:
        path = figures / f"figure_{FIGURES[config.name]}_{config.name}.png"
        gallery(plain, detector, path)
    if config.name == "h2":
        shutil.copyfile(out / "curves.png", figures / "figure_5_h2.png")
    results = {}
    paper = {row[2]: row[3] for row in ROWS if row[1] == config.name}
    for kind, theirs in paper.items():
        recall = theirs.get("recall")
        if kind == "plain":
            results[kind] = line_of(plain, plain.flagged)
        elif kind == "shifted":
            shifted = evaluate(detector, options.category, shift="paper")
            results[kind] = line_of(shifted, shifted.flagged)
        elif kind == "test-set 2":
            results[kind] = line_of(
                plain, plain.flagged, largest(plain), recall
            )
        else:
            detector.set_threshold("n-sigma", k=float(kind.partition("=")[2]))
            limit = detector.threshold["threshold"]
            flagged = plain.scores > limit
            results[kind] = line_of(plain, flagged, recall=recall)
    rows = trained.rows
    full = -(-trained.train_images // config.settings.batch_size)
    return {
        "request": request,
        "images": f"{options.category.name}: {trained.train_images} trained "
        f"on, {len(plain.samples)} tested",
        "results": results,
        "epochs": len(rows),
        "full_epochs": config.settings.epochs,
        "updates": trained.facts["steps"],
        "full_updates": full
        * config.settings.epochs
        // config.settings.gradient_accumulation_steps,
        "training_seconds": round(sum(row["seconds"] for row in rows), 1),
        "scoring_seconds": round(time.monotonic() - started, 1),
        "loss": rows[-1]["loss"],
        "val_loss": min(row["val_loss"] for row in rows),
        "weights": detector.method.count_params(),
        "precision": trained.facts["precision"],
        "backend": keras.backend.backend(),
        "device": device(),
        "versions": versions(),
    }


def line_of(evaluation, flagged, keep=None, recall=None):
    """The numbers of one line of a table.

    With the paper's recall, also the precision at it: of a threshold read off
    the test scores, for comparison alone.
    """
    labels = np.array([sample.label for sample in evaluation.samples])
    keep = np.ones(len(labels), bool) if keep is None else keep
    labels, scores = labels[keep], evaluation.scores[keep]
    low, high = metrics.bootstrap(
        metrics.roc_auc, labels, scores, strata=labels
    )
    line = {
        IMAGE: metrics.roc_auc(labels, scores),
        "image_roc_auc_95": [low, high],
        PIXEL: metrics.pixel_roc_auc(
            evaluation.masks[keep], evaluation.maps[keep]
        ),
        **metrics.confusion(labels, flagged[keep]),
        "f1_floor": metrics.f1_floor(labels),
        "images": int(keep.sum()),
        "anomalous": int(labels.sum()),
    }
    if recall is not None:
        line[MATCHED] = precision_at(labels, scores, recall)
    return line


def precision_at(labels, scores, recall) -> float:
    """That of the highest threshold with this recall, of three decimals."""
    precisions, recalls, _ = precision_recall_curve(labels, scores)
    return float(precisions[recalls > recall - 5e-4][-1])


def largest(evaluation):
    """Good images, and the share `LARGEST` with the largest defects.

    The paper removed images "with small anomalies" by hand and kept 68.
    """
    labels = np.array([sample.label for sample in evaluation.samples])
    areas = evaluation.masks.sum(axis=(1, 2)) * labels
    count = max(1, round(LARGEST * labels.sum()))
    order = np.argsort(-areas, kind="stable")[:count]
    keep = labels == 0
    keep[order] = True
    return keep


def gallery(evaluation, detector, path):
    """One image of each defect, that of the median score, and a good one."""
    rows = []
    defects = np.array([sample.defect for sample in evaluation.samples])
    for defect in dict.fromkeys(defects):
        members = np.flatnonzero(defects == defect)
        order = members[np.argsort(evaluation.scores[members])]
        index = order[len(order) // 2]
        rows.append(picture(evaluation, detector, index))
    gallery_figure(rows, path)


def device() -> str:
    """GPU or CPU, with its name where the system tells."""
    # `keras.distribution.list_devices` does not exist on PyTorch.
    found = str(keras.ops.ones(1).device).rpartition("/")[-1]
    name = cpu_fact("model name") or platform.processor() or platform.machine()
    cores = os.cpu_count()
    if hasattr(os, "sched_getaffinity"):  # Linux
        cores = f"{len(os.sched_getaffinity(0))} of {cores}"
    return f"{found} ({name}, {cores} cores)"


def say(text):
    print(text, file=sys.stderr, flush=True)


class Report:
    """One line on stderr an epoch, and each minute within one."""

    def __init__(self, name):
        self.name = name
        self.last = time.monotonic()

    def __call__(self, epochs, epoch, step, steps, row):
        now = time.monotonic()
        if row is not None:
            say(
                f"{self.name}: epoch {epoch} of {epochs}, loss "
                f"{row['loss']:.4g}, validation {row['val_loss']:.4g}, "
                f"{row['seconds']:.0f} s"
            )
        elif now - self.last > 60:
            say(f"{self.name}: epoch {epoch + 1}, batch {step} of {steps}")
        else:
            return
        self.last = now


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(str(error))
