from dataclasses import replace

import keras
import pytest

from kerasad.training.devices import (
    Device,
    cpu_fact,
    cpu_flags,
    device_in_use,
)
from kerasad.training.precision import precision_on, resolve_precision

AMX = {"amx_bf16"}
AMD = Device("cpu", flags={"avx2", "avx512_bf16"}, vendor="AuthenticAMD")
INTEL = replace(AMD, vendor="GenuineIntel")
HALF, SINGLE = "mixed_bfloat16", "float32"


@pytest.mark.parametrize(
    "device, backend, policy, reason",
    [
        (Device("cuda", (9, 0)), "torch", HALF, "capability 9.0"),
        (Device("cuda", (8, 0)), "torch", HALF, "capability 8.0"),
        (Device("cuda", (7, 5)), "torch", SINGLE, "capability 7.5"),
        (Device("gpu", (8, 6)), "tensorflow", HALF, "capability 8.6"),
        (Device("gpu", (6, 1)), "jax", SINGLE, "capability 6.1"),
        (Device("gpu", (10, 0)), "jax", HALF, "capability 10.0"),
        (Device("tpu"), "jax", HALF, "TPU"),
        (Device("mps"), "torch", SINGLE, "this mps"),
        (Device("cpu", flags={"avx2", "amx_bf16"}), "torch", HALF, "amx_bf16"),
        (AMD, "tensorflow", HALF, "avx512_bf16"),
        (AMD, "jax", SINGLE, "JAX"),
        (INTEL, "torch", SINGLE, "without AMX"),
        (replace(INTEL, flags=INTEL.flags | AMX), "torch", HALF, "amx_bf16"),
        (replace(INTEL, vendor=""), "tensorflow", SINGLE, "without AMX"),
        (Device("cpu", flags={"avx2", "avx512f"}), "torch", SINGLE, "no bf"),
        (Device("cpu"), "tensorflow", SINGLE, "no bfloat16 products"),
        # What a GPU's host has does not count.
        (Device("cuda", (7, 0), {"amx_bf16"}), "torch", SINGLE, "7.0"),
    ],
)
def test_auto_goes_by_the_device(device, backend, policy, reason):
    found, why = precision_on(device, backend)
    assert found == policy and reason in why


def test_the_device_is_where_keras_puts_a_weight():
    device = device_in_use()
    weight = keras.Variable([1.0]).value
    if keras.backend.backend() == "torch":
        assert device.kind == weight.device.type
    elif keras.backend.backend() == "jax":
        assert device.kind == next(iter(weight.devices())).platform
    else:
        assert f"/device:{device.kind.upper()}:0" in weight.device
    if device.kind == "cpu":
        assert device.flags == cpu_flags() and device.capability is None
        assert device.vendor == cpu_fact("vendor_id")


def test_what_is_configured_stays():
    assert resolve_precision("float16") == ("float16", "as configured")
    policy, why = resolve_precision("auto")
    assert (policy, why) == precision_on(
        device_in_use(), keras.backend.backend()
    )
