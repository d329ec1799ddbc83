"""Ctrl-C and SIGTERM, which end a command with status 130 and 143."""

import contextlib
import signal
import sys
import threading
import time

ONE = 1.0  # seconds in which signals are one: `timeout` sends each twice


class Interruption(KeyboardInterrupt):
    """A signal that asks to end, wherever the command was."""


class Signals:
    """Raises an `Interruption` at a signal, and remembers which it was.

    An exception from a signal may be swallowed or come out as another: a
    callback of the garbage collector ignores it, an import or a bare `except`
    makes something else of it. What is remembered is not lost.
    """

    def __init__(self):
        self.number = None
        self.at = 0.0

    @property
    def status(self) -> int:
        """Exit status of a program that the signal ended."""
        return 128 + self.number

    def check(self):
        """Raises what was swallowed; called now and then in long work."""
        if self.number is not None:
            raise Interruption

    def _handle(self, number, frame):
        now = time.monotonic()
        if self.number is not None and now - self.at < ONE:
            return  # what cleans up after the first one is left alone
        self.number, self.at = number, now
        raise Interruption

    @contextlib.contextmanager
    def caught(self):
        """Handles signals, until the end and where nobody else decided."""
        before, hook = {}, sys.unraisablehook

        def quiet(swallowed):
            if swallowed.exc_type is not Interruption:
                hook(swallowed)

        sys.unraisablehook = quiet
        if threading.current_thread() is threading.main_thread():
            for number, usual in (
                (signal.SIGINT, signal.default_int_handler),
                (signal.SIGTERM, signal.SIG_DFL),
            ):
                if signal.getsignal(number) == usual:  # not under nohup
                    before[number] = signal.signal(number, self._handle)
        try:
            yield
        finally:
            sys.unraisablehook = hook
            for number, handler in before.items():
                signal.signal(number, handler)
            self.number = None


signals = Signals()
