"""Scoring shared out over processes, each image exactly once.

Every process is given the same images and takes those whose path falls to it,
so nothing has to be agreed on while they run. Each appends to a file of its
own, and leaves out what is there when it is started again: it may be killed
at any moment.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

from kerasad.errors import InputError
from kerasad.files import locked, write_text, writing
from kerasad.lines import alarming

RUN = "run.json"  # what all shards of a folder have in common


def shard_of(text) -> tuple[int, int]:
    """
    >>> shard_of("2/8")
    (2, 8)
    """
    parts = text.split("/")
    if len(parts) == 2 and all(p.isdecimal() and len(p) < 7 for p in parts):
        number, count = int(parts[0]), int(parts[1])
        if 1 <= number <= count:
            return number, count
    raise InputError(
        f"--shard must be I/N, the Ith of N shares, such as 1/4. Received: "
        f"{text!r}"
    )


def falls_to(path, number: int, count: int) -> bool:
    """Whether a path is of the `number`th of `count` shares.

    By its name alone: whatever else is in the folder by then, and whichever
    machine asks.
    """
    digest = hashlib.sha256(os.fsencode(path)).digest()
    return int.from_bytes(digest[:8]) % count == number - 1


class Results:
    """The file that one shard appends to, as long as it is entered.

    Args:
        folder: of all shards; made if missing.
        shard: pair `(number, count)`.
        detector: path of the detector's file. Results of two detectors, or
            of another number of shards, do not belong into one folder.

    Raises:
        InputError: they would, or another process works at this shard.
    """

    def __init__(self, folder, shard, detector):
        self.folder = Path(folder)
        self.number, self.count = shard
        self.path = self.folder / f"{self.number}-of-{self.count}.jsonl"
        content = Path(detector).read_bytes()
        self.facts = {
            "detector": hashlib.sha256(content).hexdigest(),
            "shards": self.count,
        }

    def __enter__(self):
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        self.resources = contextlib.ExitStack()
        try:
            self.check_run()
            with writing(self.path):
                lock = self.path.with_suffix(".lock")
                if not self.resources.enter_context(locked(lock)):
                    raise InputError(
                        f"{self.path}: another process works at shard "
                        f"{self.number}/{self.count}; wait for it, or give "
                        "another --shard"
                    )
                self.file = self.resources.enter_context(open(self.path, "a+b"))
            self.done = self.read_done()
        except BaseException:
            self.resources.close()
            raise
        return self

    def __exit__(self, *error):
        self.resources.close()

    def check_run(self):
        """Holds the folder's facts against ours, or is the first to write."""
        path = self.folder / RUN
        with contextlib.suppress(FileNotFoundError):
            try:
                found = json.loads(path.read_text())
            except ValueError:
                found = None
            if found != self.facts:
                raise InputError(
                    f"{self.folder}: holds results of another detector or "
                    "another number of shards; choose a new folder, or go on "
                    "with those"
                )
            return
        write_text(path, json.dumps(self.facts) + "\n")

    def read_done(self) -> set:
        """Pairs of path and page whose line is whole; half a line is cut.

        What they say counts for the exit status, as of those to come.
        """
        done, whole = set(), 0
        self.failures = self.anomalies = 0
        self.file.seek(0)
        for text in self.file:
            if not text.endswith(b"\n"):
                break
            try:
                line = json.loads(text)
                done.add((line["path"], line.get("page")))
                self.failures += "error" in line
                self.anomalies += alarming(line)
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(
                    f"{self.path}: holds a line that is no result, after "
                    f"{len(done)} that are; move the file away to score these "
                    "images anew"
                ) from error
            whole += len(text)
        self.file.truncate(whole)
        return done

    def wanted(self, path, page) -> bool:
        """Whether a page of a file is of this shard, and not yet done."""
        if not falls_to(path, self.number, self.count):
            return False
        return (str(path), page) not in self.done

    def lines(self):
        """What is in the file, one after another, as `add` was given it."""
        with open(self.path, "rb") as file:
            yield from map(json.loads, file)

    def add(self, line):
        """Appends; what was added is there whatever ends the process."""
        with writing(self.path):
            self.file.write(json.dumps(line).encode() + b"\n")
            self.file.flush()
