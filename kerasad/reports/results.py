"""Writes an evaluation to a folder, and prints it as a table."""

import csv
import io
import json
from pathlib import Path

from kerasad.files import write_text
from kerasad.reports.figures import heatmap_figure
from kerasad.reports.html import write_report


def write_results(evaluation, detector, out, progress=None):
    """Metrics, scores, heatmaps and the report, in folder `out`.

    The files are `metrics.json`, `scores.csv`, `heatmaps/*.png` and
    `report.html`.
    """
    out = Path(out)
    heatmaps = out / "heatmaps"
    heatmaps.mkdir(parents=True, exist_ok=True)
    write_text(out / "metrics.json", json.dumps(evaluation.metrics, indent=2))
    write_text(out / "scores.csv", scores_csv(evaluation))
    write_report(evaluation, detector, out / "report.html")
    low, high = detector.calibration["map_range"]
    for index, sample in enumerate(evaluation.samples):
        heatmap_figure(
            evaluation.images[index],
            evaluation.reconstructions[index],
            evaluation.maps[index],
            evaluation.masks[index],
            score=evaluation.scores[index],
            threshold=detector.threshold["threshold"],
            is_anomalous=bool(evaluation.flagged[index]),
            title=f"{sample.defect}/{sample.path.name}",
            vmin=low,
            vmax=high,
            path=heatmaps / f"{sample.defect}_{sample.path.stem}.png",
            label=sample.label,
        )
        if progress is not None:
            progress(index + 1, len(evaluation.samples))


def scores_csv(evaluation) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["path", "defect", "label", "anomaly_score", "p_value", "is_anomalous"]
    )
    for index, sample in enumerate(evaluation.samples):
        writer.writerow(
            [
                f"{sample.split}/{sample.defect}/{sample.path.name}",
                sample.defect,
                sample.label,
                repr(float(evaluation.scores[index])),
                repr(float(evaluation.p_values[index])),
                int(evaluation.flagged[index]),
            ]
        )
    return text.getvalue()


def table(metrics: dict) -> str:
    """The metrics on one screen."""
    at = metrics["at_threshold"]
    rows = [
        ("image ROC-AUC", number(metrics["image_roc_auc"])),
        ("image AP", number(metrics["image_ap"])),
        ("pixel ROC-AUC", number(metrics["pixel_roc_auc"])),
        ("pixel AP", number(metrics["pixel_ap"])),
        (
            f"AUPRO to FPR {metrics['aupro_fpr_limit']}",
            number(metrics["aupro"]),
        ),
        (
            "F1 at best",
            f"{number(metrics['f1_max'])} (calling every image anomalous: "
            f"{number(metrics['f1_floor'])})",
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
    ]
    lines = [f"{key:<18} {value}" for key, value in rows]
    lines += ["", f"{'defect':<18} images  ROC-AUC  recall"]
    for defect, row in metrics["per_defect"].items():
        lines.append(
            f"{defect:<18} {row['images']:>6}  "
            f"{number(row['roc_auc']):>7}  {number(row['recall']):>6}"
        )
    if metrics["shift"]:
        shift = metrics["shift"]
        lines.append(
            f"\nshifted: {shift['name']}, severity "
            f"{shift['severity']}, seed {shift['seed']}"
        )
    return "\n".join(lines)


def number(value) -> str:
    return "undefined" if value is None else f"{value:.3f}"
