import os
import platform
import subprocess
import sys

import pytest

COUNT = """
import resource, sys
import numpy as np
from kerasad.allocator import keep_pages

kept = keep_pages() if sys.argv[1] == "kept" else None

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def touch():
    np.ones(48 << 20, "uint8")  # more than glibc keeps by itself

touch()
before = faults()
for _ in range(5):
    touch()
print(kept, faults() - before)
"""


def counted(how, **environment):
    own = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    done = subprocess.run(
        [sys.executable, "-c", COUNT, how],
        env={**own, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    kept, faults = done.stdout.split()
    return kept, int(faults)


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="another C library"
)
def test_pages_are_kept():
    kept, few = counted("kept")
    _, many = counted("not")
    assert kept == "True" and few < many / 4


def test_what_was_chosen_stays():
    kept, _ = counted("kept", MALLOC_ARENA_MAX="2")
    assert kept == "False"
