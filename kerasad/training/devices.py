"""Where the backend computes, as far as a number format depends on it."""

import importlib
from dataclasses import dataclass
from pathlib import Path

import keras


@dataclass(frozen=True)
class Device:
    """What a backend computes on.

    Args:
        kind: `"cpu"`, or what the backend calls another one: `"cuda"`,
            `"gpu"`, `"tpu"`, `"mps"`, `"xpu"`.
        capability: pair of ints, of an Nvidia GPU; `None` where unknown.
        flags: instruction sets of a CPU, as Linux names them.
    """

    kind: str
    capability: tuple[int, int] | None = None
    flags: frozenset[str] = frozenset()


def device_in_use() -> Device:
    """The device that the backend puts a network on unless told otherwise."""
    backend = keras.backend.backend()
    kind, capability = FINDERS.get(backend, lambda: ("cpu", None))()
    flags = cpu_flags() if kind == "cpu" else frozenset()
    return Device(kind, capability, flags)


def on_torch():
    """Kind of device, and its compute capability if it is CUDA."""
    # Not `torch.cuda.is_available()`: KERAS_TORCH_DEVICE may say otherwise.
    kind = keras.ops.zeros(()).device.type
    if kind != "cuda":
        return kind, None
    torch = importlib.import_module("torch")
    return kind, torch.cuda.get_device_capability()


def on_tensorflow():
    """`"gpu"` or `"cpu"`, and the compute capability of the first GPU."""
    tensorflow = importlib.import_module("tensorflow")
    found = tensorflow.config.get_visible_devices("GPU")
    if not found:
        return "cpu", None
    details = tensorflow.config.experimental.get_device_details(found[0])
    return "gpu", details.get("compute_capability")


def on_jax():
    """Platform, and the compute capability if it is CUDA."""
    jax = importlib.import_module("jax")
    device = jax.devices()[0]
    text = str(getattr(device, "compute_capability", ""))
    numbers = text.split(".")
    if len(numbers) != 2 or not all(map(str.isdecimal, numbers)):
        return device.platform, None  # a CPU, a TPU, an AMD GPU
    return device.platform, tuple(map(int, numbers))


FINDERS = {"torch": on_torch, "tensorflow": on_tensorflow, "jax": on_jax}


def cpu_flags() -> frozenset[str]:
    """Instruction sets as Linux names them; none elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:  # not Linux
        return frozenset()
    for line in text.splitlines():
        if line.startswith(("flags", "Features")):
            return frozenset(line.split(":", 1)[1].split())
    return frozenset()
