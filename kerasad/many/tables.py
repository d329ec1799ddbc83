"""Many runs on one page: a table, and an index of their reports."""

import html
import json
from pathlib import Path

from kerasad.evaluation.measures import METRICS
from kerasad.files import write_text
from kerasad.reports.facts import number

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.45 system-ui, sans-serif; margin: 2rem auto;
  max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid #8884; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
"""


def training_table(runs, parts, done) -> list[list[str]]:
    """A head and a row a category, of what `kerasad train` printed."""
    rows = [["category", "images", "training", "threshold", "state"]]
    for name in parts:
        text = (Path(runs) / "logs" / f"{name}.out").read_text(errors="replace")
        said = dict(
            line.split(maxsplit=1) for line in text.splitlines() if " " in line
        )
        state = "done"
        if done[name].status:
            state = f"status {done[name].status}: {done[name].said}"
        facts = [said.get(k, "-") for k in ("images", "training", "threshold")]
        rows.append([name, *facts, state])
    return rows


def evaluation_table(runs, parts, done) -> list[list[str]]:
    """The metrics of each category, and their mean over the categories."""
    rows = [["category", *(metric.name for metric in METRICS)]]
    columns = [[] for _ in METRICS]
    for name in parts:
        if done[name].status:
            rows.append([name, *["-"] * len(METRICS)])
            continue
        path = Path(runs) / name / "evaluation" / "metrics.json"
        measured = json.loads(path.read_text())
        values = [measured[metric.key] for metric in METRICS]
        for column, value in zip(columns, values, strict=True):
            column.append(value)
        rows.append([name, *map(number, values)])
    means = [mean_of(column, len(parts)) for column in columns]
    return [*rows, [f"mean of {len(parts)}", *means]]


def mean_of(values, categories) -> str:
    """Of all categories, or none: a mean of the easy ones would flatter."""
    if len(values) < categories or None in values:
        return "-"
    return number(sum(values) / len(values))


def markdown(rows) -> str:
    """
    >>> print(markdown([["a", "b"], ["1", "x|y"]]))
    | a | b |
    | --- | --- |
    | 1 | x\\|y |
    """
    lines = ["| " + " | ".join(map(escaped, row)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def escaped(text) -> str:
    """Text for a cell of a Markdown table."""
    return text.replace("|", r"\|")


def write_index(runs, rows, title):
    """`index.html`: the table, each category linked to its report."""
    runs = Path(runs)
    head = "".join(f"<th>{html.escape(name)}</th>" for name in rows[0])
    body = ""
    for name, *values in rows[1:]:
        cells = html.escape(name)
        for kind in ("evaluation/report.html", "curves.png"):
            if (runs / name / kind).is_file():
                place = html.escape(f"{name}/{kind}")
                cells = f'<a href="{place}">{cells}</a>'
                break
        cells = f"<td>{cells}</td>"
        for value in values:
            kind = ' class="number"' if value[:1].isdecimal() else ""
            cells += f"<td{kind}>{html.escape(value)}</td>"
        body += f"<tr>{cells}</tr>\n"
    write_text(
        runs / "index.html",
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{html.escape(title)}</h1><table><thead><tr>{head}</tr>"
        f"</thead><tbody>\n{body}</tbody></table></body></html>\n",
    )
