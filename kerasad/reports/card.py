"""A model card as the Hugging Face Hub has them, of what was measured."""

import json

import yaml

from kerasad.data.alignment import said_of
from kerasad.evaluation.measures import METRICS
from kerasad.reports.facts import number
from kerasad.text import one_line


def card(metrics, detector) -> str:
    """Markdown with a head of YAML, from what an evaluation knows.

    Nothing is in it that was not measured or remembered; a licence and what
    the parts are is for the person to add.

    Args:
        metrics: dict, of `metrics.json`.
        detector: the calibrated `kerasad.Detector` that was evaluated.
    """
    made = detector.provenance or {}
    config = made.get("config", {})
    name = f"{config.get('name', 'detector')} on {made.get('data', 'images')}"
    head = {
        "library_name": "keras",
        "tags": ["kerasad", "keras", "anomaly-detection"],
        "model-index": [
            {
                "name": one_line(name),
                "results": [
                    {
                        "task": {"type": "visual-anomaly-detection"},
                        "dataset": {
                            "type": "images",
                            "name": one_line(made.get("data", "images")),
                        },
                        "metrics": measured(metrics),
                    }
                ],
            }
        ],
    }
    top = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    sections = [
        f"# {plain(name)}",
        "Finds what good parts do not show: trained on images of good parts "
        "alone, with kerasad.",
        "## Use\n\n```\nkerasad predict detector.keras photos\n```",
        "## Measured\n\n" + table(metrics),
        "## Decision\n\n" + decision(metrics["at_threshold"]),
        "## How it was made\n\n" + origin(detector, made, config),
        "## Limits\n\n" + limits(metrics),
    ]
    return f"---\n{top}---\n\n" + "\n\n".join(sections) + "\n"


def measured(metrics) -> list[dict]:
    """The defined metrics as an entry each of a `model-index`."""
    return [
        {
            "type": metric.key,
            "name": metric.name,
            "value": round(float(metrics[metric.key]), 4),
        }
        for metric in METRICS
        if metrics[metric.key] is not None
    ]


def table(metrics) -> str:
    """Metrics with their intervals, as a Markdown table."""
    images = f"{metrics['normal']} good and {metrics['anomalous']} defective"
    rows = ["| metric | value | 95 % interval |", "| --- | --- | --- |"]
    for metric in METRICS:
        low, high = metrics["confidence"].get(metric.key) or (None, None)
        interval = "-" if low is None else f"{low:.3f} to {high:.3f}"
        value = number(metrics[metric.key])
        rows.append(f"| {metric.name} | {value} | {interval} |")
    return f"On {images} test images.\n\n" + "\n".join(rows)


def decision(at) -> str:
    """How the threshold came about and what it does, in words."""
    return (
        f"An image is anomalous above {at['threshold']:.6g}, set by "
        f"{at['method']} on good images that were not trained on"
        f"{guaranteed(at)}. On the test images this finds {at['tp']} of "
        f"{at['tp'] + at['fn']} defective ones and flags {at['fp']} of "
        f"{at['fp'] + at['tn']} good ones."
    )


def guaranteed(at) -> str:
    """The guarantee in brackets, if the file knows it."""
    return f" ({at['promise']})" if at.get("promise") else ""


def origin(detector, made, config) -> str:
    """Data, seed, versions and settings, as Markdown."""
    height, width = detector.image_size
    facts = {
        "recipe": config.get("name"),
        "method": config.get("method"),
        "images": f"{height} x {width} pixels",
        "data": made.get("data"),
        "alignment": said_of(made.get("alignment"), made.get("registration")),
        "fingerprint of the files": made.get("files"),
        "seed": made.get("seed"),
        "backend": made.get("backend"),
        "versions": ", ".join(
            f"{name} {version}"
            for name, version in made.get("versions", {}).items()
        ),
    }
    lines = [f"- {key}: {plain(v)}" for key, v in facts.items() if v]
    settings = json.dumps(config, indent=1, default=str)
    return "\n".join(lines) + f"\n\n```json\n{settings}\n```"


def limits(metrics) -> str:
    """What the numbers do not say, as Markdown."""
    sentences = [
        "What it was measured on is what is known of it: other parts, lamps "
        "or cameras need a calibration of their own."
    ]
    if metrics.get("leaked_images"):
        sentences.append(
            f"{metrics['leaked_images']} of the test images were trained or "
            "calibrated on, so the numbers above flatter."
        )
    if metrics.get("shift"):
        shift = metrics["shift"]
        sentences.append(
            f"The test images were shifted: {shift['name']}, severity "
            f"{shift['severity']}."
        )
    return "\n".join(f"- {sentence}" for sentence in sentences)


def plain(text) -> str:
    """Text that Markdown takes for no more than text."""
    return "".join(
        f"\\{c}" if c in r"\`*_[]<>#|" else c for c in one_line(text)
    )
