"""`predict --parquet` against the JSON lines of the same run."""

import json
import sys

import pytest

from tests.cli.conftest import run
from tests.runtime.conftest import made  # noqa: F401


def stripped(value):
    """Without what is null: a table has every column in every row."""
    if isinstance(value, dict):
        return {k: stripped(v) for k, v in value.items() if v is not None}
    return value


def test_the_table_is_the_lines(made, tmp_path):  # noqa: F811
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "new" / "lines.parquet"
    arguments = ("predict", made / "detector.keras", made / "photos")
    result = run(*arguments, "--parquet", file)
    assert result.exit_code == 2  # of the broken photo
    lines = [stripped(json.loads(t)) for t in result.stdout.splitlines()]
    assert len(lines) == 5 and any("error" in line for line in lines)
    assert any(line.get("regions") for line in lines)
    read = parquet.read_table(file).to_pylist()
    assert [stripped(row) for row in read] == lines
    # A run that goes on has them all, the earlier ones as well.
    results = tmp_path / "scores"
    run(*arguments[:2], made / "photos" / "0.png", "--results", results)
    run(*arguments, "--results", results, "--parquet", file)
    again = [stripped(row) for row in parquet.read_table(file).to_pylist()]
    assert {row["path"] for row in again} == {line["path"] for line in lines}
    assert len(again) == 5


def test_nothing_half_written(made, tmp_path):  # noqa: F811
    pytest.importorskip("pyarrow")
    from kerasad.parquet import ParquetFile

    with pytest.raises(RuntimeError):
        with ParquetFile(tmp_path / "lines.parquet") as file:
            file.add({"path": "a.png"})
            raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_without_pyarrow(made, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    file = tmp_path / "lines.parquet"
    result = run("predict", made / "detector.keras", made / "photos",
                 "--parquet", file)  # fmt: skip
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr.splitlines()[-1] == (
        "Error: this needs pyarrow, which is not installed: "
        'pip install "kerasad[parquet]"'
    )
    assert not file.exists()
