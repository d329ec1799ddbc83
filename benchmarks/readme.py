"""Puts the paper's numbers beside ours into the README, from paper.json.

python -m benchmarks.readme
"""

import json
from pathlib import Path

from benchmarks.paper_tables import IMAGE, PIXEL, ROWS, TABLES, done, number
from kerasad.files import write_text

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"
# What a recipe is called in the table, by the file with its numbers.
SOURCES = {
    "paper.json": "{}",
    "paper_muon.json": "{} with Muon",
    "paper_place.json": "{} with Muon, by place",
}
BEGIN, END = "<!-- paper-table -->\n", "<!-- /paper-table -->\n"


def table(sources) -> str:
    """Markdown: a line for each row of tables 4 to 7 and 10 that was run.

    Args:
        sources: mapping of how to call a recipe, such as `"{}"`, to the runs
            of a `paper.json`.
    """
    lines = [
        "| table | recipe, test images | image ROC-AUC: paper | ours "
        "| pixel ROC-AUC: paper | ours | updates | minutes | device |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for number_of_table, name, kind, paper in ROWS:
        if IMAGE not in paper:
            continue
        for called, runs in sources.items():
            if name not in runs:
                continue
            run = runs[name]
            cells = [
                f"{number_of_table}, {TABLES[number_of_table]}",
                called.format(name) + ("" if kind == "plain" else f", {kind}"),
                *rates(run["results"][kind], paper),
                done(run, "updates"),
                f"{run['training_seconds'] / 60:.0f}",
                processor(run["device"]),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def processor(device) -> str:
    """
    >>> processor("device:CPU:0 (Intel(R) Xeon(R) Processor, 2 of 2 cores)")
    'Intel Xeon'
    """
    name = device.partition(" (")[2].rpartition(",")[0]
    return name.replace("(R)", "").replace(" Processor", "")


def rates(found, paper):
    """The paper's and our ROC-AUC, of images and of pixels."""
    low, high = found["image_roc_auc_95"]
    return [
        number(paper[IMAGE]),
        f"{number(found[IMAGE])} ({number(low)} to {number(high)})",
        number(paper[PIXEL]) if PIXEL in paper else "",
        number(found[PIXEL]),
    ]


def with_table(text, sources) -> str:
    """The README's text with the table between its two markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md must hold {BEGIN.strip()} and its end")
    return before + begin + table(sources) + end + after


def results() -> dict:
    """The committed numbers, as `table` takes them."""
    return {
        called: json.loads((RESULTS / name).read_text(encoding="utf-8"))
        for name, called in SOURCES.items()
    }


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    write_text(README, with_table(text, results()))
