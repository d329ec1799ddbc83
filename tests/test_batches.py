"""What is made in a thread of its own, beside what uses it."""

import threading
import time

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from kerasad.batches import ahead
from kerasad.training.collecting import Collecting


def test_ahead_yields_the_same_and_makes_the_next_meanwhile():
    made = []

    def items():
        for number in range(4):
            made.append((number, threading.current_thread().name))
            yield number

    stream = ahead(items())
    assert next(stream) == 0
    end = time.monotonic() + 60
    while len(made) < 2:  # though nobody has asked for it yet
        assert time.monotonic() < end
        time.sleep(0.001)
    assert list(stream) == [1, 2, 3]
    assert all(name.startswith("ahead") for _, name in made)
    assert list(ahead([])) == []


@pytest.mark.parametrize("use", [ahead, lambda x: Collecting(x).result()])
def test_what_the_iterable_raises_is_raised(use):
    def items():
        yield 1
        raise ValueError("out of paint")

    with pytest.raises(ValueError, match="out of paint"):
        list(use(items()))


def test_what_is_left_early_makes_no_more():
    started, go_on, made = threading.Event(), threading.Event(), []

    def items():
        for number in range(1000):
            made.append(number)
            started.set()
            go_on.wait(60)
            yield number

    with pytest.raises(KeyboardInterrupt):
        with Collecting(items()):
            started.wait(60)
            threading.Timer(0.2, go_on.set).start()
            raise KeyboardInterrupt
    assert made == [0]
    with Collecting(range(5)) as coming:
        assert coming.result() == [0, 1, 2, 3, 4]


def test_two_threads_share_the_cores():
    """Where OpenMP computes: as many threads each would wait in turn."""

    def threads():
        return [
            pool["num_threads"]
            for pool in threadpool_info()
            if pool["user_api"] == "openmp"
        ]

    with threadpool_limits(3, "openmp"):
        before = threads()
        with Collecting(threads() for _ in "a") as coming:
            inside = threads()
            assert coming.result() == [inside] == [[1] * len(before)]
        assert threads() == before == [3] * len(before)
