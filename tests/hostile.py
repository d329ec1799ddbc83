"""Hostile detector files, each a genuine one with one thing changed."""

import copy
import io
import json
import stat
import struct
import zipfile

import h5py
import numpy as np

WEIGHTS = "model.weights.h5"


def read_parts(path) -> dict:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_parts(path, parts, also=(), compression=zipfile.ZIP_STORED):
    """Writes an archive; `also` are further pairs of name and content."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in [*parts.items(), *also]:
            archive.writestr(name, content)


# === The archive: functions (path, parts) ===
def with_member(name):
    def write(path, parts):
        write_parts(path, parts, [(name, b"evil")])

    return write


def without(name):
    def write(path, parts):
        write_parts(path, {k: v for k, v in parts.items() if k != name})

    return write


def twice(path, parts):
    # zipfile warns of a name that it is given twice.
    other = "config.jsom"
    write_parts(path, parts, [(other, b"{}")])
    content = path.read_bytes().replace(other.encode(), b"config.json")
    path.write_bytes(content)


def linked(path, parts):
    info = zipfile.ZipInfo("metadata.json")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    rest = {k: v for k, v in parts.items() if k != "metadata.json"}
    write_parts(path, rest, [(info, b"/etc/passwd")])


def bomb(path, parts):
    parts = {**parts, "config.json": b" " * 20_000_000}
    write_parts(path, parts, compression=zipfile.ZIP_DEFLATED)


def with_field(offset, form, value, member=WEIGHTS):
    """The archive with a field of the member's directory entry changed."""

    def write(path, parts):
        write_parts(path, parts)
        content = bytearray(path.read_bytes())
        entry = content.rindex(member.encode()) - 46
        for place in offset if isinstance(offset, tuple) else (offset,):
            struct.pack_into(form, content, entry + place, value)
        path.write_bytes(content)

    return write


def oversized(path, parts):
    write_parts(path, {**parts, "metadata.json": b" " * 70_000 + b"{}"})


def cut(path, parts):
    write_parts(path, parts)
    path.write_bytes(path.read_bytes()[:-100])


# === Text: functions (path, parts) ===
def with_text(name, content):
    def write(path, parts):
        write_parts(path, {**parts, name: content})

    return write


def with_raw(key, text):
    """A setting of the detector, in JSON that `json.dumps` would not write."""

    def write(path, parts):
        config = json.loads(parts["config.json"])
        config["config"][key] = "HERE"
        source = json.dumps(config).replace('"HERE"', text)
        write_parts(path, {**parts, "config.json": source.encode()})

    return write


# === The config: functions (path, parts) ===
def with_config(change):
    def write(path, parts):
        config = json.loads(parts["config.json"])
        change(config)
        source = json.dumps(config).encode()
        write_parts(path, {**parts, "config.json": source})

    return write


def with_setting(place, value):
    """`place` is a dotted path into the config, from its top."""

    def change(config):
        *parents, last = place.split(".")
        for key in parents:
            config = config[key]
        config[last] = copy.deepcopy(value)

    return with_config(change)


def with_layer(**layer):
    """The network is a Sequential of one layer of that description."""
    network = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [layer]},
        "registered_name": None,
    }
    return with_setting("config.method.config.network", network)


# === The weights: functions (path, parts) ===
def with_weights(change):
    def write(path, parts):
        memory = io.BytesIO(parts[WEIGHTS])
        with h5py.File(memory, "r+") as file:
            change(file)
        write_parts(path, {**parts, WEIGHTS: memory.getvalue()})

    return write


def external_link(file):
    file["vars/evil"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file):
    file["vars/evil"] = h5py.SoftLink("/vars/0")


def external_storage(file):
    file.create_dataset(
        "vars/evil", (16,), "u1", external=[("/etc/passwd", 0, 16)]
    )


def virtual(file):
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "data", shape=(4,))
    file.create_virtual_dataset("vars/evil", layout)


def chunked(file):
    file.create_dataset("vars/evil", (10**6, 10**6), "f4", chunks=(1, 1000))


def compressed(file):
    zeros = np.zeros(10**6, "u1")
    file.create_dataset("vars/evil", data=zeros, compression="gzip")


def pretended(file):
    """A shape of a terabyte that no byte was stored for."""
    file.create_dataset("vars/evil", (10**12,), "u1")


def references(file):
    file.create_dataset(
        "vars/evil", data=[file["vars"].ref], dtype=h5py.ref_dtype
    )


def texts(file):
    file["vars/evil"] = ["a", "bc"]


def compound(file):
    file["vars/evil"] = np.zeros(2, [("a", "f4"), ("b", "i4")])


def cycle(file):
    file["vars/evil"] = file["layers"]
    file["layers/evil"] = file["/"]


def shared(file):
    file["vars/evil"] = file["vars/0"]


def named_type(file):
    file["vars/evil"] = np.dtype("f4")


def long_attribute(file):
    file["vars"].attrs["evil"] = np.bytes_(b"x" * 5000)


def many_attributes(file):
    for index in range(20):
        file["vars"].attrs[str(index)] = index


def infinite(file):
    file["vars/0"][0, 0, 0] = np.inf
