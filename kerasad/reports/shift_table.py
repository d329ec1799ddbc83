"""The shift section of a report: what each change of the camera costs."""

from kerasad.reports.facts import number

MIXTURE = "paper"  # several factors at once: not itself the worst of them


def shift_section(swept):
    """What the report shows of a sweep, the greatest drop first.

    Args:
        swept: dict of `rows`, `baseline` and, if wished, `note`, a sentence
            on how it was measured. A row is a dict of `name`, `severity`,
            `image_roc_auc`, `drop` (baseline less shifted, positive = worse),
            `drop_interval` (a pair) and `fpr` (share of the shifted normal
            images that are flagged). `baseline` is a dict of `image_roc_auc`
            and `fpr` without shift. Numbers may be `None` where undefined.
    """
    if swept is None:
        return None
    rows = sorted(
        swept["rows"],
        key=lambda row: (row["drop"] is None, -(row["drop"] or 0.0)),
    )
    ends = [v for row in rows for v in row["drop_interval"] or ()]
    ends = [value for value in ends if value is not None]
    axis = min([0.0, *ends]), max([0.0, *ends])
    return {
        "worst": worst(rows),
        "note": swept.get("note"),
        "baseline": swept["baseline"],
        "rows_": [row | drawn(row, axis) for row in rows],
    }


def drawn(row, axis) -> dict:
    """The interval of a drop, where it is known, and its whisker."""
    interval, least, most = row["drop_interval"], *axis
    if interval is None or interval[0] is None:
        return {"interval": None, "sure": False, "whisker": None}

    def place(value):
        share = (value - least) / (most - least)
        return f"{4 + 92 * min(max(share, 0.0), 1.0):.1f}%"

    whisker = None
    if row["drop"] is not None and least < most:
        values = (0.0, *interval, row["drop"])
        names = ("zero", "low", "high", "drop")
        whisker = dict(zip(names, map(place, values), strict=True))
    return {"interval": interval, "sure": interval[0] > 0, "whisker": whisker}


def worst(rows) -> str:
    """Which factor costs most, in words."""
    factors = [row for row in rows if row["name"] != MIXTURE] or rows
    known = [row for row in factors if row["drop"] is not None]
    if not known:
        return "No drop is defined: it needs good and defective images."
    row = max(known, key=lambda row: row["drop"])
    if row["drop"] <= 0:
        return "No single factor lowers the image ROC-AUC."
    alarms = [row for row in factors if row["fpr"] is not None]
    sentence = (
        f"Worst factor: {row['name']} at severity {row['severity']:g} lowers "
        f"the image ROC-AUC by {number(row['drop'])}{reach(row)} to "
        f"{number(row['image_roc_auc'])}."
    )
    if alarms:
        most = max(alarms, key=lambda row: row["fpr"])
        sentence += (
            f" Most false alarms: {most['name']}, "
            f"{100 * most['fpr']:.1f} % of the shifted good images."
        )
    return sentence


def reach(row) -> str:
    """The interval of a drop in brackets, if it is known."""
    if row["drop_interval"] is None or None in row["drop_interval"]:
        return ""
    low, high = row["drop_interval"]
    return f" (95 %: {low:.3f} to {high:.3f})"
