"""Ctrl-C and SIGTERM, which end a command with status 130 and 143."""

import _thread
import contextlib
import signal
import sys
import threading
import time

ONE = 1.0  # seconds in which signals are one: `timeout` sends each twice
# Python's own locks (`threading.Condition`, of which futures, queues and
# events are made) are taken and given back by functions of these names.
LOCKING = ("__enter__", "__exit__", "acquire", "release")
SOON = 0.001  # seconds


class Interruption(KeyboardInterrupt):
    """A signal that asks to end, wherever the command was."""


class Signals:
    """Raises an `Interruption` at a signal, and remembers which it was.

    An exception from a signal may be swallowed or come out as another: a
    callback of the garbage collector ignores it, an import or a bare `except`
    makes something else of it. What is remembered is not lost.

    Nor is it raised where a lock was taken and its `with` block has not begun,
    or has ended and the lock is not given back: nobody ever would, and a
    thread that waits for it could not be joined. It comes again a
    little later.
    """

    def __init__(self):
        self.number = None
        self.at = 0.0
        self.due = False

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
        recent = self.number is not None and now - self.at < ONE
        if not self.due:
            if recent:
                return  # what cleans up after the first one is left alone
            self.number, self.at, self.due = number, now, True
            recent = True
        # Not for longer: it may be waiting for a lock in vain.
        if recent and frame is not None and frame.f_code.co_name in LOCKING:
            _thread.start_new_thread(self._again, (number,))
            return
        self.due = False
        raise Interruption

    def _again(self, number):
        time.sleep(SOON)
        if not self.due:
            return
        if hasattr(signal, "pthread_kill"):  # ends what waits, too
            signal.pthread_kill(threading.main_thread().ident, number)
        else:
            _thread.interrupt_main(number)

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
            self.number, self.due = None, False
            sys.unraisablehook = hook
            for number, handler in before.items():
                signal.signal(number, handler)


signals = Signals()
