"""How a bad input is refused: status, one exact line, nothing written."""

import os
import stat

from tests.cli.conftest import run


def snapshot(folder):
    """Everything below a folder, with contents; pipes are not opened."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(place, name)
            mode = os.lstat(path).st_mode
            content = stat.S_IFMT(mode)
            if stat.S_ISREG(mode):
                with open(path, "rb") as file:
                    content = file.read()
            elif stat.S_ISLNK(mode):
                content = os.readlink(path)
            found[path] = content
    return found


def fill(text, places):
    for name, value in places.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def refuse(command, message, folder, input=None, **places):
    """Runs `command` and compares its last line with `message`.

    In both, `{folder}` stands for the folder of the test, below which nothing
    may change, and `{name}` for each of `places`.
    """
    places = {"folder": folder, **places}
    arguments = command.split() if isinstance(command, str) else command
    arguments = [fill(str(argument), places) for argument in arguments]
    before = snapshot(folder)
    result = run(*arguments, input=input)
    assert result.exit_code == 2, result.output
    lines = result.stderr.splitlines()
    assert lines[-1] == f"Error: {fill(message, places)}"
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert "epoch 1 of" not in result.stderr  # no training had begun
    assert snapshot(folder) == before
    return result
