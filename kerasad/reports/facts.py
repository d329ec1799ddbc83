"""What a report says of an evaluation, as plain values and sentences."""

from kerasad.data.alignment import said_of
from kerasad.evaluation.measures import METRICS
from kerasad.text import counted

Z = 1.959964  # of a 95 % interval
RATES = {
    "recall": "Recall",
    "fpr": "False-positive rate",
    "precision": "Precision",
    "f1": "F1",
    "accuracy": "Accuracy",
}


def number(value, digits=3) -> str:
    """Digits, or "undefined" of what is `None`."""
    return "undefined" if value is None else f"{value:.{digits}f}"


def rate(share) -> str:
    """A share as per cent."""
    return "undefined" if share is None else f"{100 * share:.1f} %"


def tiles(evaluation) -> list[dict]:
    """Each metric beside what it is worth without looking at the image."""
    table, scored = evaluation.metrics, evaluation.scored
    intervals = table["confidence"]
    found = [
        {
            "name": metric.name[0].upper() + metric.name[1:],
            "value": table[metric.key],
            "floor": metric.floor(scored),
            "floor_name": metric.floor_name,
            "interval": intervals.get(metric.key),
            "why": reason(metric.needs, evaluation),
        }
        for metric in METRICS
    ]
    fitted = {
        "name": "F1 at the fitted threshold",
        "value": table["at_threshold"]["f1"],
        "floor": table["f1_floor"],
        "floor_name": "calling all defective",
        "interval": None,
        "why": reason("defective", evaluation),
    }
    return [*found[:2], fitted, *found[2:]]


def rates(evaluation) -> list[dict]:
    """Rates at the threshold, and why one is undefined."""
    needs = {"fpr": "good", "precision": "flagged"}
    at = evaluation.metrics["at_threshold"]
    return [
        {
            "key": key,
            "name": name,
            "value": at[key],
            "why": reason(needs.get(key, "defective"), evaluation),
        }
        for key, name in RATES.items()
    ]


def reason(needs, evaluation) -> str:
    """Why what needs that kind of images is undefined for a test split."""
    table, masks = evaluation.metrics, evaluation.masks
    if needs == "pixels":
        if masks.all():
            return "every pixel is marked as defect"
        if not masks.any():
            return "no pixel is marked as defect"
        return "there is no image without defect pixels"
    return {
        "both": "needs good and defective images; there are "
        f"{table['normal']} and {table['anomalous']}",
        "defective": "there is no defective image",
        "good": "there is no good image",
        "flagged": "no image is flagged",
    }[needs]


def remarks(evaluation, threshold) -> list[str]:
    """What an engineer should know first, in sentences."""
    table = evaluation.metrics
    at = table["at_threshold"]
    found, defective = at["tp"], at["tp"] + at["fn"]
    alarms, good = at["fp"], at["fp"] + at["tn"]
    nothing = "The test split has no {} image: nothing can be said about {}."
    sentences = [
        nothing.format("defective", "missed defects"),
        nothing.format("good", "false alarms"),
        f"Guarantee of the threshold: {threshold['promise']}.",
    ]
    if defective:
        sentences[0] = (
            f"{found} of {counted(defective, 'defective image')} found: recall "
            f"{between(found, defective)}."
        )
    if good:
        sentences[1] = (
            f"{alarms} of {counted(good, 'good image')} flagged: "
            f"false-positive rate {between(alarms, good)}."
        )
    if at["f1"] is not None and at["f1"] <= table["f1_floor"]:
        sentences.append(
            f"F1 {number(at['f1'])} does not exceed {number(table['f1_floor'])}"
            ", the F1 of calling every image defective: judge this test split "
            "by recall and false alarms."
        )
    if "domain" in table:
        sentences += [f"{sentence}." for sentence in domain(table)]
    sentences += [f"{remark}." for remark in evaluation.remarks]
    if table["shift"]:
        shift = table["shift"]
        sentences.append(
            f"The test images were shifted: {shift['name']}, severity "
            f"{shift['severity']:g}, seed {shift['seed']}."
        )
    if table["min_defect_area"]:
        sentences.append(
            f"Defects under {table['min_defect_area']} pixels were left out."
        )
    return sentences


def domain(table) -> list[str]:
    """What a detector with a domain says of how the images were taken."""
    found = table["domain"]
    near = {k: found["medians"][k] for k in ("rotation", "zoom", "gain")}
    sentences = [
        f"{found['normalised']} of {counted(table['images'], 'image')} brought "
        f"to the conditions of training, {found['not_judged']} not judged; "
        f"median rotation {near['rotation']:.1f} degrees, zoom "
        f"{near['zoom']:.2f}, gain {near['gain']:.2f}, noise "
        f"{found['medians']['noise']:.3f}"
    ]
    if found["good_flagged"] is not None:
        sentences.append(
            f"{100 * found['good_flagged_in_domain']:.1f} % of the good images "
            f"flagged and {100 * found['good_not_judged']:.1f} % not judged"
        )
    return sentences


def between(part, whole) -> str:
    """A share as per cent, with Wilson's interval."""
    low, high = wilson(part, whole)
    return (
        f"{100 * part / whole:.1f} % (95 %: {100 * low:.1f} to "
        f"{100 * high:.1f} %)"
    )


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Interval of a rate, 95 %.

    >>> low, high = wilson(1, 23)
    >>> print(f"{low:.3f} {high:.3f}")
    0.008 0.210

    Reference:

    - Wilson, 1927, Probable inference, the law of succession
    """
    centre = (part + Z**2 / 2) / (whole + Z**2)
    spread = part * (whole - part) / whole + Z**2 / 4
    half = Z * spread**0.5 / (whole + Z**2)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def parameter(threshold) -> str:
    """The parameter of a threshold in brackets, if it has one."""
    given = [f"{n} = {threshold[n]:g}" for n in ("fpr", "k") if n in threshold]
    return f" ({', '.join(given)})" if given else ""


def category(evaluation) -> str:
    """Name of the folder that holds `test`, never the whole path."""
    parents = evaluation.samples[0].path.parents
    return (parents[2].name if len(parents) > 2 else "") or "test images"


def origin(evaluation, detector) -> dict[str, dict]:
    """Where a detector and its evaluation came from, in groups."""
    table = evaluation.metrics
    made = detector.provenance or {}
    config = made.get("config") or {}
    height, width = detector.image_size
    return {
        "Training": {
            "config": config.get("name"),
            "seed": made.get("seed"),
            "data": made.get("data"),
            "alignment": said_of(
                made.get("alignment"), made.get("registration")
            ),
            "SHA-256 of the training files": made.get("files"),
            "precision": made.get("precision"),
            "backend": made.get("backend"),
            **(made.get("versions") or {}),
        },
        "Score": {
            "method": config.get("method"),
            "anomaly maps": list(detector.method.map_names),
            "Gaussian filter, pixels": detector.sigma,
            "image score": detector.score,
            "map": detector.localise,
            "top fraction": detector.top_fraction,
            "resolution, pixels": f"{height} x {width}",
        },
        "Evaluation": {
            "data": category(evaluation),
            "images": f"{table['images']}: {table['normal']} good, "
            f"{table['anomalous']} defective",
            "least defect area, pixels": table["min_defect_area"],
            "backend": table["backend"],
            **table["versions"],
        },
    }


def plain(value) -> str:
    """A value of a config as a person would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(v)}" for key, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(item) for item in value)
    return str(value)
