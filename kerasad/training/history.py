"""The history of a training, one row an epoch, as text and by column."""

import csv
import io


def to_csv(rows) -> str:
    """A history as text, a row an epoch."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def from_csv(text) -> list[dict]:
    """The rows that `to_csv` wrote.

    >>> from_csv(to_csv([{"epoch": 0, "loss": 0.1}]))
    [{'epoch': 0, 'loss': 0.1}]
    """
    return [
        {key: float(value) for key, value in row.items()}
        | {"epoch": int(row["epoch"])}
        for row in csv.DictReader(io.StringIO(text))
    ]


def columns(rows) -> dict[str, list]:
    """A history as a list of values for each name."""
    return {key: [row[key] for row in rows] for key in rows[0]}
