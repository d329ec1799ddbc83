"""A sweep of shifts as a figure and as a table on the terminal."""

import itertools

from matplotlib.lines import Line2D

from kerasad.reports.canvas import new_figure, save_png
from kerasad.reports.facts import number
from kerasad.reports.lettering import PLAIN
from kerasad.reports.shift_table import MIXTURE, worst

COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00")
STYLES = (("-", "o"), ("--", "s"))


def sweep_figure(section, path):
    """ROC-AUC and false-positive rate over severity, a line a factor.

    Args:
        section: of `kerasad.evaluation.sweep`.
        path: of the PNG, replaced atomically.
    """
    figure = new_figure((9.6, 4.2))
    left, right = figure.subplots(1, 2, sharex=True)
    factors = by_factor(section)
    handles = []
    looks = itertools.cycle((c, *style) for style in STYLES for c in COLORS)
    for name, rows in factors.items():
        color, line, marker = next(looks)
        style = {"color": color, "ls": line, "marker": marker, "lw": 1.3}
        if name == MIXTURE:
            style = {"color": "black", "ls": "-", "marker": "o", "lw": 2.2}
        for axes, key in ((left, "image_roc_auc"), (right, "fpr")):
            points = [(0.0, section["baseline"][key])]
            points += [(row["severity"], row[key]) for row in rows]
            points = [point for point in points if point[1] is not None]
            x, y = [p[0] for p in points], [p[1] for p in points]
            axes.plot(x, y, ms=3.5, **style)
        handles.append(Line2D([], [], label=name, ms=3.5, **style))
    title(left, "image ROC-AUC")
    title(right, "good images flagged")
    right.set_ylim(-0.03, 1.03)
    right.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    figure.legend(handles=handles, loc="center right", frameon=False)
    figure.subplots_adjust(0.06, 0.12, 0.83, 0.92, wspace=0.2)
    save_png(figure, path)


def title(axes, text):
    """Titles axes over severity."""
    axes.set_title(text, fontsize=10, loc="left", color=PLAIN)
    axes.set_xlabel("severity (1: the paper's)")
    axes.grid(alpha=0.25, lw=0.5)
    axes.spines[["top", "right"]].set_visible(False)


def sweep_table(section) -> str:
    """A line a factor, ROC-AUC and flagged good images for each severity."""
    factors = by_factor(section)
    severities = [row["severity"] for row in next(iter(factors.values()))]
    baseline = section["baseline"]
    lines = [
        "image ROC-AUC, and share of the good images flagged, by severity",
        f"{'shift':<12}" + "".join(f"{s:>14g}" for s in severities),
        f"{'none':<12}{cell(baseline):>14}",
    ]
    for name, rows in factors.items():
        lines.append(f"{name:<12}" + "".join(f"{cell(r):>14}" for r in rows))
    lines += [worst(section["rows"]), *judged(section["rows"])]
    return "\n".join([*lines, section["note"]])


def judged(rows) -> list[str]:
    """What share of the good images a detector with a domain did not judge."""
    known = [row for row in rows if row.get("good_not_judged") is not None]
    if not known:
        return []
    most = max(known, key=lambda row: row["good_not_judged"])
    alarms = max(known, key=lambda row: row["good_flagged_in_domain"])
    return [
        f"Not judged: at most {100 * most['good_not_judged']:.0f} % of the "
        f"good images, by {most['name']} at severity {most['severity']:g}. Of "
        "those judged and flagged: at most "
        f"{100 * alarms['good_flagged_in_domain']:.0f} %, by {alarms['name']} "
        f"at severity {alarms['severity']:g}."
    ]


def cell(row) -> str:
    """ROC-AUC, and the share of good images flagged."""
    share = "-" if row["fpr"] is None else f"{100 * row['fpr']:.0f} %"
    return f"{number(row['image_roc_auc'])} {share:>5}"


def by_factor(section):
    """Rows of a sweep by the name of their factor."""
    factors = {}
    for row in section["rows"]:
        factors.setdefault(row["name"], []).append(row)
    return factors
