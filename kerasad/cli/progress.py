"""Progress of long work, on stderr."""

import sys
import time

import click

from kerasad.cli.signals import signals

EVERY = 5.0  # seconds between lines where stderr is not a terminal


def counter(what):
    """A callable `(done, total)` that shows how far `what` has come."""
    line = Line()

    def show(done, total):
        line.show(f"{what}: {done} of {total}", last=done == total)

    return show


class Epochs:
    """Shows a training run: the `progress` of `kerasad.training.run.Run`."""

    def __init__(self):
        self.line = Line()
        self.started = time.monotonic()
        self.first = None
        self.epoch = 0
        self.last = ""

    def __call__(self, epochs, epoch, step, steps, row):
        if epoch < self.epoch:  # the next training, of a fold
            self.first, self.started = None, time.monotonic()
            self.last = ""
        self.epoch = epoch
        if row is not None:
            self.last = (
                f"loss {row['loss']:.4g}, validation {row['val_loss']:.4g}"
            )
            done = float(epoch)
        else:
            done = epoch + step / steps
        if self.first is None:  # a resumed run begins in the middle
            self.first = epoch
        share = (done - self.first) / (epochs - self.first)
        spent = time.monotonic() - self.started
        left = spent * (1 - share) / share if share else 0.0
        bar = "#" * round(20 * done / epochs)
        self.line.show(
            f"epoch {min(int(done) + 1, epochs)} of {epochs} "
            f"[{bar:<20}] {self.last} "
            f"{clock(spent)} spent, {clock(left)} left",
            last=done >= epochs,
        )


class Line:
    """One line that is rewritten on a terminal, rare lines elsewhere."""

    def __init__(self):
        self.terminal = sys.stderr.isatty()
        self.shown = 0.0

    def show(self, text, last=False):
        """Replaces what is shown, not too often; `last` always is."""
        signals.check()
        now = time.monotonic()
        pause = 0.1 if self.terminal else EVERY
        if not last and now - self.shown < pause:
            return
        self.shown = now
        if self.terminal:
            click.echo(f"\r\x1b[2K{text}", err=True, nl=last)
        else:
            click.echo(text, err=True)


def clock(seconds) -> str:
    """Minutes and seconds, `M:SS`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
