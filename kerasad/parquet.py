"""The lines of `predict` as a table of Parquet, where pyarrow is there."""

import contextlib
import os
from pathlib import Path

from kerasad.domain.columns import COLUMNS
from kerasad.files import replacing

ROWS = 4096  # in memory at a time; a row group


class ParquetFile:
    """A table of lines, one a row; whole in the end, or not there.

    Columns are the keys of `kerasad.prediction.predict_files`, null where a
    line has no such key; `regions` is a list of structs, `domain` a struct.
    """

    def __init__(self, path):
        import pyarrow.parquet

        self.path = Path(path)
        self.arrow, self.schema = pyarrow, schema(pyarrow)
        self.lines = []

    def __enter__(self):
        self.resources = contextlib.ExitStack()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.resources.enter_context(replacing(self.path))
        self.writer = self.resources.enter_context(
            self.arrow.parquet.ParquetWriter(draft, self.schema)
        )
        return self

    def add(self, line):
        """Writes the line of an image, with others of its row group."""
        # What is no text in UTF-8 has no place in a column of text.
        name = os.fsencode(line["path"]).decode("utf-8", "replace")
        self.lines.append(line | {"path": name})
        if len(self.lines) == ROWS:
            self.flush()

    def flush(self):
        """Writes the lines that wait, as one group of rows."""
        table = self.arrow.Table.from_pylist(self.lines, self.schema)
        self.writer.write_table(table)
        self.lines.clear()

    def __exit__(self, *error):
        if error[0] is None and self.lines:
            self.flush()
        return self.resources.__exit__(*error)


def schema(arrow):
    """Columns of the table; `arrow` is the module pyarrow."""
    text, number, whole = arrow.string(), arrow.float64(), arrow.int64()
    region = {"box": arrow.list_(whole), "area": whole, "peak": number}
    domain = dict.fromkeys(COLUMNS, number)
    return arrow.schema(
        {
            "path": text,
            "page": whole,
            "anomaly_score": number,
            "p_value": number,
            "is_anomalous": arrow.bool_(),
            "threshold": number,
            "regions": arrow.list_(arrow.struct(region)),
            "domain": arrow.struct(domain),
            "in_domain": arrow.bool_(),
            "map": text,
            "mask": text,
            "overlay": text,
            "error": text,
        }
    )
