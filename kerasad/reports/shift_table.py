"""The shift section of a report: what each change of the camera costs."""

from kerasad.reports.markup import join, tag
from kerasad.reports.summary import number

MIXTURE = "paper"  # several factors at once: not itself the worst of them

HEAD = (
    "factor",
    "ROC-AUC",
    "drop",
    "95 % interval",
    "good flagged",
)


def shift_table(section):
    """A table of shifts, the greatest drop first, and the worst in words.

    Args:
        section: dict of `rows`, `baseline` and, if wished, `note`, a sentence
            on how it was measured. A row is a dict of `name`, `severity`,
            `image_roc_auc`, `drop` (baseline less shifted, positive = worse),
            `drop_interval` (a pair) and `fpr` (share of the shifted normal
            images that are flagged). `baseline` is a dict of `image_roc_auc`
            and `fpr` without shift. Numbers may be `None` where undefined.
    """
    rows = sorted(
        section["rows"],
        key=lambda row: (row["drop"] is None, -(row["drop"] or 0.0)),
    )
    ends = [v for row in rows for v in row["drop_interval"] or ()]
    ends = [value for value in ends if value is not None]
    axis = min([0.0, *ends]), max([0.0, *ends])
    head = [tag("th", name, scope="col") for name in HEAD]
    head.insert(3, tag("th", class_="wide"))
    table = tag(
        "table",
        tag("thead", tag("tr", *head)),
        tag(
            "tbody",
            unshifted(section["baseline"]),
            *(shift_row(row, axis) for row in rows),
        ),
    )
    note = section.get("note")
    return join(
        [
            tag("p", worst(rows)),
            tag("p", note) if note else "",
            tag("div", table, class_="scroll"),
        ]
    )


def worst(rows) -> str:
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
    if row["drop_interval"] is None or None in row["drop_interval"]:
        return ""
    low, high = row["drop_interval"]
    return f" (95 %: {low:.3f} to {high:.3f})"


def unshifted(baseline):
    return tag(
        "tr",
        tag("th", "none", scope="row"),
        tag("td", number(baseline["image_roc_auc"])),
        tag("td"),
        tag("td", class_="wide"),
        tag("td"),
        tag("td", rate(baseline["fpr"])),
        class_="baseline",
    )


def shift_row(row, axis):
    low, high = row["drop_interval"] or (None, None)
    words = ["undefined"]
    if low is not None:
        words = [
            tag("span", f"{low:+.3f} to"),
            " ",
            tag("span", f"{high:+.3f}"),
        ]
    drop = "undefined" if row["drop"] is None else f"{row['drop']:+.3f}"
    severity = tag("small", f" severity {row['severity']:g}")
    sure = low is not None and low > 0
    return tag(
        "tr",
        tag("th", row["name"], severity, scope="row"),
        tag("td", number(row["image_roc_auc"])),
        tag("td", drop, class_="sure" if sure else None),
        tag("td", whisker(row["drop"], low, high, axis), class_="wide"),
        tag("td", *words, class_="interval"),
        tag("td", rate(row["fpr"])),
    )


def whisker(drop, low, high, axis):
    least, most = axis
    if drop is None or low is None or least == most:
        return ""

    def place(value):
        share = (value - least) / (most - least)
        return f"{4 + 92 * min(max(share, 0.0), 1.0):.1f}%"

    zero = tag("line", x1=place(0), x2=place(0), y1="0", y2="20")
    reach = tag(
        "line", x1=place(low), x2=place(high), y1="10", y2="10", class_="reach"
    )
    dot = tag("circle", cx=place(drop), cy="10", r="4")
    return tag("svg", zero, reach, dot, class_="whisker", aria_hidden="true")


def rate(share) -> str:
    return "undefined" if share is None else f"{100 * share:.1f} %"
