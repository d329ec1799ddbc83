"""Writes an evaluation to a folder, and prints it as a table."""

import collections
import csv
import hashlib
import io
import json
import os
from pathlib import Path

from kerasad.domain.columns import COLUMNS
from kerasad.evaluation.measures import METRICS
from kerasad.files import write_text
from kerasad.reports.card import card
from kerasad.reports.facts import domain, number
from kerasad.reports.figures import gallery_figure
from kerasad.reports.html import write_report
from kerasad.reports.sweep import sweep_figure
from kerasad.text import cell, one_line


def write_results(
    evaluation,
    detector,
    out,
    progress=None,
    shift_section=None,
    say=lambda text: None,
):
    """Metrics, scores, heatmaps and the report, in folder `out`.

    The files are `metrics.json`, `scores.csv`, `heatmaps/*.png`,
    `report.html` and the model card `card.md`; with a sweep of shifts also
    `sweep.json` and `sweep.png`.

    Args:
        progress: callable `(heatmaps drawn, heatmaps in all)`.
        shift_section: of `kerasad.evaluation.sweep`.
        say: called with one line of commentary at a time.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "metrics.json", json.dumps(evaluation.metrics, indent=2))
    write_text(out / "scores.csv", scores_csv(evaluation))
    write_text(out / "card.md", card(evaluation.metrics, detector))
    if shift_section is not None:
        write_text(out / "sweep.json", json.dumps(shift_section, indent=2))
        sweep_figure(shift_section, out / "sweep.png")
    say("writing the report")
    write_report(evaluation, detector, out / "report.html", shift_section)
    write_heatmaps(evaluation, detector, out / "heatmaps", progress)


def write_heatmaps(evaluation, detector, folder, progress):
    """A picture for each image, named as it is."""
    folder.mkdir(exist_ok=True)
    names = heatmap_names(evaluation.samples)
    for index, name in enumerate(names):
        row = picture(evaluation, detector, index)
        gallery_figure([row], folder / name)
        if progress is not None:
            progress(index + 1, len(evaluation.samples))


def heatmap_names(samples) -> list[str]:
    """`<defect>_<name>.png`, with a hash where that is taken or too long."""
    names = [f"{sample.defect}_{sample.path.stem}" for sample in samples]
    # Not all file systems tell capitals from small letters.
    taken = collections.Counter(name.casefold() for name in names)
    for index, (name, sample) in enumerate(zip(names, samples, strict=True)):
        if taken[name.casefold()] > 1 or len(os.fsencode(name)) > 200:
            source = os.fsencode(f"{sample.defect}/{sample.path.name}")
            digest = hashlib.sha256(source).hexdigest()[:8]
            names[index] = f"{name[:50]}-{digest}"
    return [f"{name}.png" for name in names]


def picture(evaluation, detector, index) -> dict:
    """One test image as a row of `kerasad.reports.figures.gallery_figure`."""
    sample = evaluation.samples[index]
    low, high = detector.calibration["map_range"]
    return {
        "image": evaluation.images[index],
        "reconstruction": None
        if evaluation.reconstructions is None
        else evaluation.reconstructions[index],
        "anomaly_map": evaluation.maps[index],
        "mask": evaluation.masks[index],
        "score": float(evaluation.scores[index]),
        "threshold": detector.threshold["threshold"],
        "is_anomalous": bool(evaluation.flagged[index]),
        "title": f"{sample.defect}/{sample.path.name}",
        "vmin": low,
        "vmax": high,
        "label": sample.label,
    }


def scores_csv(evaluation) -> str:
    """A row an image, safe to open in a spreadsheet."""
    text, diagnosis = io.StringIO(), evaluation.diagnosis
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            *("path", "defect", "label", "anomaly_score", "p_value"),
            *("is_anomalous", "leaked"),
            *(("in_domain", *COLUMNS) if diagnosis else ()),
        ]
    )
    for index, sample in enumerate(evaluation.samples):
        writer.writerow(
            [
                cell(f"{sample.split}/{sample.defect}/{sample.path.name}"),
                cell(sample.defect),
                sample.label,
                repr(float(evaluation.scores[index])),
                repr(float(evaluation.p_values[index])),
                int(evaluation.flagged[index]),
                int(sample in evaluation.leaked),
                *(diagnosis.row(index) if diagnosis else ()),
            ]
        )
    return text.getvalue()


def table(metrics: dict) -> str:
    """The metrics on one screen."""
    at, pixel = metrics["at_threshold"], metrics["at_pixel_threshold"]
    rows = [(row.name, with_interval(metrics, row.key)) for row in METRICS]
    rows += [
        (
            "F1 of all",
            f"{number(metrics['f1_floor'])}, calling every image anomalous",
        ),
        (
            f"at {at['method']}",
            f"threshold {at['threshold']:.4g}: F1 {number(at['f1'])}, recall "
            f"{number(at['recall'])}, precision {number(at['precision'])}, "
            f"accuracy {number(at['accuracy'])}",
        ),
        (
            "confusion",
            f"{at['tp']} of {at['tp'] + at['fn']} anomalous images found, "
            f"{at['fp']} of {at['fp'] + at['tn']} normal ones flagged",
        ),
        ("guarantee", guarantee(at)),
    ]
    if "domain" in metrics:
        rows += [("domain", sentence) for sentence in domain(metrics)]
    if pixel is not None:
        values = (f"{name} {number(pixel[key])}" for name, key in PIXEL)
        rows.append(
            (
                "pixels",
                f"threshold {pixel['threshold']:.4g}: {', '.join(values)}",
            )
        )
    if why := undefined(metrics):
        rows.append(("undefined", why))
    lines = [f"{key:<18} {value}" for key, value in rows]
    lines += groups("defect", metrics["per_defect"])
    lines += groups("defect size", sizes(metrics["by_defect_size"]))
    if metrics["shift"]:
        shift = metrics["shift"]
        lines.append(
            f"\nshifted: {shift['name']}, severity "
            f"{shift['severity']}, seed {shift['seed']}; "
            f"{metrics['left_out']} defects left the picture"
        )
    return "\n".join(lines)


PIXEL = (("F1", "f1"), ("IoU", "iou"), ("recall", "recall"),
         ("precision", "precision"))  # fmt: skip


def with_interval(metrics, key) -> str:
    """A metric with its interval, where it has one."""
    interval = metrics["confidence"].get(key)
    if metrics[key] is None or interval is None:
        return number(metrics[key])
    low, high = interval
    return f"{metrics[key]:.3f} (95 %: {low:.3f} to {high:.3f})"


def guarantee(at) -> str:
    """What the threshold guarantees, with the range of its true rate."""
    if at["fpr_range"] is None:
        return at["promise"]
    low, high = (100 * rate for rate in at["fpr_range"])
    return (
        f"{at['promise']}; for this calibration set the true rate lies "
        f"between {low:.2g} and {high:.2g} % (with 95 % confidence)"
    )


def undefined(metrics) -> str:
    """Why some of the metrics cannot be computed, in words."""
    if not metrics["anomalous"]:
        return (
            "the test split has no defective image: nothing can be said about "
            "missed defects"
        )
    if not metrics["normal"]:
        return (
            "the test split has no good image: nothing can be said about "
            "false alarms"
        )
    return ""


def sizes(rows) -> dict:
    """Rows by what share of the image their defects cover."""
    return {
        f"{100 * row['least']:.2g} to {100 * row['most']:.2g} %": row
        for row in rows
    }


def groups(title, rows) -> list[str]:
    """Lines of a table, a group of images each."""
    lines = ["", f"{title:<18} images  ROC-AUC  recall"]
    return lines + [
        f"{one_line(name):<18} {row['images']:>6}  "
        f"{number(row['roc_auc']):>7}  {number(row['recall']):>6}"
        for name, row in rows.items()
    ]
