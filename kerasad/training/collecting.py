"""What is made in a thread of its own while another one computes."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_limits


class Collecting:
    """A list of what an iterable yields, made by a thread of its own.

    ```python
    with Collecting(items) as coming:
        ...
        items = coming.result()
    ```

    Left early it makes no more than the item that is under way. Until it is
    left either thread computes on one core where OpenMP does the work, as
    PyTorch's does, or BLAS, as NumPy's: each with all cores would wait for
    the other's.
    """

    def __init__(self, items):
        self.limits = one_core()
        self.left = threading.Event()
        self.pool = ThreadPoolExecutor(1, "collecting")
        self.found = self.pool.submit(self.collect, items)

    def collect(self, items):
        """What the thread does."""
        with one_core():
            return list(
                itertools.takewhile(lambda _: not self.left.is_set(), items)
            )

    def result(self):
        """Waits for the whole list; raises what the iterable raised."""
        return self.found.result()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.left.set()
        self.pool.shutdown()
        self.limits.restore_original_limits()


def one_core():
    """One core for what the calling thread computes."""
    return threadpool_limits(1)
