"""Puts the paper's numbers beside ours into the README, from paper.json.

python -m benchmarks.readme
"""

import json
from pathlib import Path

from benchmarks.paper_tables import IMAGE, PIXEL, ROWS, TABLES, done, number
from kerasad.files import write_text

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results" / "paper.json"
BEGIN, END = "<!-- paper-table -->\n", "<!-- /paper-table -->\n"


def table(runs) -> str:
    """Markdown: a line for each row of tables 4 to 7 and 10 that was run."""
    lines = [
        "| table | recipe, test images | image ROC-AUC: paper | ours "
        "| pixel ROC-AUC: paper | ours | updates | minutes |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for number_of_table, name, kind, paper in ROWS:
        if IMAGE not in paper or name not in runs:
            continue
        run = runs[name]
        found = run["results"][kind]
        low, high = found["image_roc_auc_95"]
        cells = [
            f"{number_of_table}, {TABLES[number_of_table]}",
            name if kind == "plain" else f"{name}, {kind}",
            number(paper[IMAGE]),
            f"{number(found[IMAGE])} ({number(low)} to {number(high)})",
            number(paper[PIXEL]) if PIXEL in paper else "",
            number(found[PIXEL]),
            done(run, "updates"),
            f"{run['training_seconds'] / 60:.0f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def with_table(text, runs) -> str:
    """The README's text with the table between its two markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md must hold {BEGIN.strip()} and its end")
    return before + begin + table(runs) + end + after


if __name__ == "__main__":
    runs = json.loads(RESULTS.read_text(encoding="utf-8"))
    write_text(README, with_table(README.read_text(encoding="utf-8"), runs))
