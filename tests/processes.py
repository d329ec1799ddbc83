"""`kerasad` in a process of its own, measured where the suite is."""

import os
import sys


def kerasad(*arguments) -> list[str]:
    """The command line; see `tests.__main__` for KERASAD_COVERAGE."""
    python = [sys.executable]
    if os.environ.get("KERASAD_COVERAGE") == "1":
        python += ["-m", "coverage", "run", "--parallel-mode"]
    return [*python, "-m", "kerasad", *map(str, arguments)]
