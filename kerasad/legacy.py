"""Detectors that kerasad 0.1 saved, brought into the form of today.

It had the network, its context and the patch memories in the detector; the
weights are the same, under other names.
"""

import io
import json
import zipfile
from pathlib import Path

import h5py

MEMORIES = {  # of each anomaly map of then
    "memory": ("patch_memory", "patch_memory_1", "patch_memory_2"),
    "fused": ("patch_memory", "patch_memory_1", "patch_memory_2"),
}
KEPT = ("sigma", "score", "top_fraction", "threshold", "pixel_threshold",
        "calibration", "provenance", "name", "kerasad")  # fmt: skip


def is_old(config) -> bool:
    """Whether the whole of a `config.json` is of kerasad 0.1."""
    return "network" in config.get("config", {})


def converted(file, folder) -> Path:
    """Writes the detector that `file` holds, vetted, as a new file."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    old = config["config"]
    with h5py.File(io.BytesIO(parts["model.weights.h5"]), "r") as source:
        shape = source["vars/0"].shape[1:]
        memory = io.BytesIO()
        with h5py.File(memory, "w") as target:
            for place, name in places(old, source).items():
                source.copy(place, target, name)
    config["config"] = modern(old, list(shape))
    parts["config.json"] = json.dumps(config).encode()
    parts["model.weights.h5"] = memory.getvalue()
    path = Path(folder) / "converted.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def modern(old, image_size) -> dict:
    """The settings of a detector as they are written today."""
    return {
        **{key: old[key] for key in KEPT if key in old},
        "method": new_method(old, image_size),
        "image_size": image_size,
    }


def new_method(old, image_size) -> dict:
    """Config of the method of a detector from before there were methods."""
    network, kind = old["network"], old.get("anomaly_map")
    plain = network.get("config", {})
    with_head = plain.get("head") or plain.get("context")
    if kind in MEMORIES:
        count = old.get("memory_images")
        settings = {"image_size": image_size, "memory_images": count}
        memory = ours("patch_memory", "PatchMemoryMethod", settings)
        if kind == "memory":
            return memory
        settings = {"network": network, "anomaly_map": "segmentation"}
        members = [ours("ssae", "SSAEMethod", settings), memory]
        return ours("fused", "FusedMethod", {"members": members})
    settings = {"network": network, "anomaly_map": kind}
    if with_head or kind == "segmentation":
        return ours("ssae", "SSAEMethod", settings)
    settings["alpha"] = old.get("alpha", 0.2)
    return ours("model_one", "ModelOneMethod", settings)


def ours(module, name, config) -> dict:
    """Config of one of our methods, as Keras writes it."""
    return {
        "module": f"kerasad.methods.{module}",
        "class_name": name,
        "registered_name": f"kerasad>{name}",
        "config": config,
    }


def places(old, source) -> dict[str, str]:
    """Where a group of the weights was, and where Keras looks for it now."""
    kind = old["anomaly_map"]
    memory, method = "layers/patch_memory_method", "layers/ssae_method"
    if kind == "fused":
        memory, method = (f"layers/fused_method/{m}" for m in (memory, method))
    elif new_method(old, [])["class_name"] == "ModelOneMethod":
        method = "layers/model_one_method"
    found = {"vars": "vars"}
    if "context" in source and kind != "memory":
        found["context"] = f"{method}/context"
    for name in set(source["layers"]) - {"resize"}:
        if name in MEMORIES.get(kind, ()):
            found[f"layers/{name}"] = f"{memory}/layers/{name}"
        elif kind != "memory":
            found[f"layers/{name}"] = f"{method}/layers/{name}"
    return found
