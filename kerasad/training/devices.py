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
        vendor: of a CPU, as Linux names it: `"AuthenticAMD"`,
            `"GenuineIntel"`; empty where unknown.
    """

    kind: str
    capability: tuple[int, int] | None = None
    flags: frozenset[str] = frozenset()
    vendor: str = ""


def device_in_use() -> Device:
    """The device that the backend puts a network on unless told otherwise."""
    backend = keras.backend.backend()
    kind, capability = FINDERS.get(backend, lambda: ("cpu", None))()
    if kind != "cpu":
        return Device(kind, capability)
    return Device(kind, capability, cpu_flags(), cpu_fact("vendor_id"))


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
    return frozenset(cpu_fact("flags", "Features").split())


def cpu_fact(*names) -> str:
    """What Linux says of the first CPU by one of `names`, else nothing."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:  # not Linux
        return ""
    for line in text.splitlines():
        name, _, fact = line.partition(":")
        if name.strip() in names:
            return fact.strip()
    return ""
