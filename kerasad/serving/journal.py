"""The log of requests, one JSON object a line."""

import json
import os
import time

from kerasad.files import writing


class Journal:
    """Appends to a file, a line in one piece; `None` for no log.

    A full disk must not stop a line of production: what cannot be written is
    counted in `lost`, which the operator sees.
    """

    def __init__(self, path=None):
        self.lost = 0
        self.descriptor = None
        if path is not None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            with writing(path):
                self.descriptor = os.open(path, flags, 0o666)

    def add(self, **facts):
        """Appends a line; one that the disk does not take is counted."""
        if self.descriptor is None:
            return
        line = json.dumps({"time": round(time.time(), 3), **facts}) + "\n"
        try:
            os.write(self.descriptor, line.encode())
        except OSError:
            self.lost += 1

    def close(self):
        """Lets go of the file."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
