"""Which number format to train in."""

import keras

from kerasad.training.devices import device_in_use

# Instruction sets with bfloat16 products that were measured faster than float32
# in training: 1.5 times on AMD's AVX-512, 2 to 3 times on AMX. On Intel's
# AVX-512 without AMX they take 1.5 times as long as float32 (speed.md), and
# without any bfloat16 is emulated and slower still.
FAST_BFLOAT16, FAST_ON_AMD = {"amx_bf16"}, {"avx512_bf16"}
AMPERE = (8, 0)  # the first capability of Nvidia with bfloat16 products


def resolve_precision(wanted: str) -> tuple[str, str]:
    """The Keras dtype policy for `wanted`, and why, in words.

    `auto` takes mixed bfloat16 where the device that the backend uses
    multiplies in it. Weights stay float32, and a finished detector computes
    in float32.
    """
    if wanted != "auto":
        return wanted, "as configured"
    return precision_on(device_in_use(), keras.backend.backend())


def precision_on(device, backend) -> tuple[str, str]:
    """The policy for a `kerasad.training.devices.Device`, and why.

    >>> from kerasad.training.devices import Device
    >>> precision_on(Device("cuda", (7, 5)), "torch")
    ('float32', 'a GPU of capability 7.5 has no bfloat16 products')
    """
    if device.kind == "tpu":
        return "mixed_bfloat16", "a TPU multiplies in bfloat16"
    if device.capability is not None:
        name = f"a GPU of capability {device.capability[0]}."
        name += f"{device.capability[1]}"
        if tuple(device.capability) >= AMPERE:
            return "mixed_bfloat16", f"{name} multiplies in bfloat16"
        return "float32", f"{name} has no bfloat16 products"
    if device.kind != "cpu":
        return "float32", f"nothing is known of bfloat16 on this {device.kind}"
    if backend == "jax":
        return "float32", "JAX gains nothing from bfloat16 on a CPU"
    fast = FAST_BFLOAT16
    if device.vendor == "AuthenticAMD":
        fast = fast | FAST_ON_AMD
    found = fast & device.flags
    if found:
        return "mixed_bfloat16", f"the CPU has {', '.join(sorted(found))}"
    if "avx512_bf16" in device.flags:
        return "float32", "bfloat16 products without AMX are slower on this CPU"
    return "float32", "the CPU has no bfloat16 products"
