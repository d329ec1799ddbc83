"""Which number format to train in."""

from pathlib import Path

import keras

# Instruction sets with bfloat16 products: measured 2 to 3 times faster than
# float32 in training. Without one, bfloat16 is emulated and slower.
FAST_BFLOAT16 = {"amx_bf16", "avx512_bf16"}


def resolve_precision(wanted: str) -> tuple[str, str]:
    """The Keras dtype policy for `wanted`, and why, in words.

    `auto` takes mixed bfloat16 where a GPU or the CPU multiplies in it.
    Weights stay float32, and a finished detector computes in float32.
    """
    if wanted != "auto":
        return wanted, "as configured"
    if keras.backend.backend() == "jax":
        return "float32", "JAX gains nothing from bfloat16 on a CPU"
    found = FAST_BFLOAT16 & cpu_flags()
    if found:
        return "mixed_bfloat16", f"the CPU has {', '.join(sorted(found))}"
    return "float32", "the CPU has no bfloat16 products"


def cpu_flags() -> set[str]:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:  # not Linux
        return set()
    for line in text.splitlines():
        if line.startswith(("flags", "Features")):
            return set(line.split(":", 1)[1].split())
    return set()
