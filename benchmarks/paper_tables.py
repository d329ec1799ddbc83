"""The paper's numbers, and ours beside them as Markdown and JSON."""

import json

from kerasad import metrics
from kerasad.config import load_config
from kerasad.files import write_text

TABLES = {
    4: "architecture 1",
    5: "architecture 2",
    6: "architecture 3",
    7: "Model II",
    8: "h2 at two thresholds",
    9: "h2 on test-set 2, without the smallest defects",
    10: "domain shift",
}
IMAGE, PIXEL = "image_roc_auc", "pixel_roc_auc"
MATCHED = "precision_at_paper_recall"
COUNTS = ("tp", "tn", "fp", "fn", "accuracy", "precision", "recall", "f1")
TITLES = {
    IMAGE: "image ROC-AUC",
    PIXEL: "pixel ROC-AUC",
    **{key: key.upper() if len(key) == 2 else key for key in COUNTS},
}
# Table, configuration, which evaluation, the paper's numbers.
ROWS = [
    (4, "c1", "plain", {IMAGE: 0.436}),
    (5, "2a", "plain", {IMAGE: 0.61}),
    (6, "h1", "plain", {IMAGE: 0.61}),
    (6, "h2", "plain", {IMAGE: 0.65}),
    (7, "e5", "plain", {IMAGE: 0.70, PIXEL: 0.84}),
    (7, "e4", "plain", {IMAGE: 0.70, PIXEL: 0.52}),
    (7, "e2", "plain", {IMAGE: 0.56, PIXEL: 0.83}),
    (8, "h2", "k=0.0001", dict(zip(
        COUNTS, (59, 17, 6, 50, 0.576, 0.908, 0.541, 0.678), strict=True))),
    (8, "h2", "k=1", dict(zip(
        COUNTS, (35, 19, 4, 74, 0.409, 0.897, 0.321, 0.473), strict=True))),
    (9, "h2", "test-set 2", dict(zip(
        COUNTS, (33, 18, 5, 12, 0.75, 0.868, 0.733, 0.795), strict=True))),
    (10, "e5", "plain", {IMAGE: 0.70}),
    (10, "e5", "shifted", {IMAGE: 0.58}),
    (10, "ds1", "shifted", {IMAGE: 0.63}),
    (10, "ds2", "shifted", {IMAGE: 0.64}),
]  # fmt: skip
CONFIGS = list(dict.fromkeys(row[1] for row in ROWS))


def write_tables(folder, results):
    """`paper.md` and `paper.json` of what is finished so far."""
    runs = {
        name: json.loads((folder / f"{name}.json").read_text())
        for name in CONFIGS
        if (folder / f"{name}.json").is_file()
    }
    write_text(
        results / "paper.json",
        json.dumps(
            {name: published(run) for name, run in runs.items()}, indent=1
        ),
    )
    lines = ["# The paper's tables, measured anew", ""]
    lines += notes(runs)
    for table, title in TABLES.items():
        rows = [row for row in ROWS if row[0] == table and row[1] in runs]
        if rows:
            lines += ["", f"## Table {table}: {title}", ""]
            lines += markdown(rows, runs)
    lines += ["", "## Training", ""]
    lines += [
        "| config | images | limit, min | epochs | updates | seconds "
        "| s/update | weights | loss | validation | precision "
        "| changed keys |",
        "| --- | --- " + "| ---: " * 8 + "| --- | --- |",
    ]
    lines += [training_line(name, run) for name, run in runs.items()]
    write_text(results / "paper.md", "\n".join(lines) + "\n")


def notes(runs):
    places = {f"{run['backend']} on {run['device']}" for run in runs.values()}
    shares = {run["request"]["minutes"] for run in runs.values()}
    text = [
        "Made by `python -m benchmarks.paper FOLDER --textures DTD --configs "
        "CONFIG --budget MINUTES --set KEY=VALUE`, with the keys that the "
        f"training table names as changed; {'; '.join(sorted(places))}.",
        "ROC-AUC with its 95 % bootstrap interval over the test images; the "
        "floor is the F1 of calling every image anomalous. Epochs and updates "
        "beside the paper's numbers are those of its full recipe.",
        "Precision at the paper's recall is that of a threshold read off the "
        "test scores: it compares the scores, and no detector has it.",
        "The images are those of the folder that the training table names.",
        "Test-set 2 keeps 45 of 109 anomalous images, as many as the paper's, "
        "which was chosen by hand; ours has those with the largest defects.",
    ]
    cut = sorted(share for share in shares if share is not None)
    if cut:
        text.append(
            "**Training was cut short**: to "
            + " or ".join(f"{share:.3g}" for share in cut)
            + " minutes a configuration. Compare epochs and updates done with "
            "those of the full recipe before reading a number."
        )
    if None in shares:
        text.append("Configurations without a limit had their full length.")
    return [f"- {line}" for line in text]


def markdown(rows, runs):
    """Two lines a row: the paper's numbers, and ours below."""
    keys = [key for key in TITLES if key in rows[0][3]]
    head = ["config", "test set", "", *(TITLES[key] for key in keys)]
    if "f1" in keys:
        head += ["floor", "precision at the paper's recall"]
    head += ["epochs", "updates"]
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("| --- | --- | --- |" + " ---: |" * (len(head) - 3))
    for _, name, kind, paper in rows:
        found = dict(runs[name]["results"][kind])
        theirs, ours = (
            [number(x[key]) for key in keys] for x in (paper, found)
        )
        if IMAGE in keys:
            low, high = found["image_roc_auc_95"]
            ours[keys.index(IMAGE)] += f" ({number(low)} to {number(high)})"
        if "f1" in keys:
            anomalous, normal = (
                paper["tp"] + paper["fn"],
                paper["tn"] + paper["fp"],
            )
            floor = metrics.f1_floor([1] * anomalous + [0] * normal)
            theirs.append(number(floor))
            ours.append(number(found["f1_floor"]))
            theirs.append(number(paper["precision"]))
            # A result from before this was asked has none.
            ours.append(number(found[MATCHED]) if MATCHED in found else "")
        run = runs[name]
        theirs += [str(run["full_epochs"]), str(run["full_updates"])]
        ours += [str(run["epochs"]), str(run["updates"])]
        lines.append("| " + " | ".join([name, kind, "paper", *theirs]) + " |")
        lines.append("| " + " | ".join(["", "", "ours", *ours]) + " |")
    return lines


def training_line(name, run):
    seconds, updates = run["training_seconds"], run["updates"]
    recipe = load_config(name).flat()
    changed = [
        f"{key}={value}"
        for key, value in run["request"]["config"].items()
        # A key that no longer exists is of a run before it was renamed.
        if key in recipe and value != json.loads(json.dumps(recipe[key]))
    ]
    cells = [
        name,
        run["images"],
        limit(run),
        done(run, "epochs"),
        done(run, "updates"),
        f"{seconds:.0f}",
        f"{seconds / updates:.2f}" if updates else "",
        f"{run['weights']:,}",
        f"{run['loss']:.4g}",
        f"{run['val_loss']:.4g}",
        run["precision"],
        ", ".join(changed) or "none",
    ]
    return "| " + " | ".join(cells) + " |"


def limit(run):
    minutes = run["request"]["minutes"]
    return "none" if minutes is None else f"{minutes:.3g}"


def done(run, key):
    return f"{run[key]} of {run[f'full_{key}']}"


def published(run):
    """Without the paths of this machine."""
    request = {k: v for k, v in run["request"].items() if k != "textures"}
    request["textures"] = "folder" if run["request"]["textures"] else "built-in"
    return {**run, "request": request}


def number(value):
    if value is None:
        return "undefined"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
