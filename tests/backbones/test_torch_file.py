import hashlib
import os
import pickle
import struct

import numpy as np
import pytest

from kerasad.backbones.torch_file import MAGIC, parse, read_tensors
from kerasad.errors import InputError


class Global:
    """Pickles as a reference to any name, called with any arguments."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def old_format(program, keys=("0",), numbers=(1.0, 2.0, 3.0, 4.0)):
    """A file like those of PyTorch 1.5, its fourth pickle given as bytes."""
    head = [pickle.dumps(value, 2) for value in (MAGIC, 1001, {})]
    body = struct.pack("<q", len(numbers)) + np.float32(numbers).tobytes()
    return b"".join([*head, program, pickle.dumps(list(keys), 2), body])


def program(offset=0, shape=(2, 2), strides=(2, 1), size=4, name="_utils"):
    """The pickle of `{"w": tensor}`, written out opcode by opcode."""

    def numbers(values):
        return (
            b"(" + b"".join(b"J" + struct.pack("<i", v) for v in values) + b"t"
        )

    def text(value):
        return b"X" + struct.pack("<I", len(value)) + value

    storage = b"(" + text(b"storage") + b"ctorch\nFloatStorage\n" + text(b"0")
    storage += text(b"cpu") + b"J" + struct.pack("<i", size) + b"NtQ"
    rebuild = b"ctorch." + name.encode() + b"\n_rebuild_tensor_v2\n"
    arguments = b"(" + storage + b"J" + struct.pack("<i", offset)
    arguments += numbers(shape) + numbers(strides) + b"\x89N" + b"t"
    return b"\x80\x02}" + text(b"w") + rebuild + arguments + b"R" + b"s."


def test_reads_tensors():
    found = parse(old_format(program()))
    np.testing.assert_array_equal(found["w"], [[1, 2], [3, 4]])
    found = parse(old_format(program(strides=(1, 2))))
    np.testing.assert_array_equal(found["w"], [[1, 3], [2, 4]])


@pytest.mark.parametrize(
    "options",
    [
        {"offset": 1},
        {"offset": -1},
        {"strides": (4, 1)},
        {"strides": (-1, 1)},
        {"shape": (1 << 30, 1 << 30)},
        {"size": -1},
        {"size": 1 << 30},
        {"name": "_tensor"},
    ],
)
def test_refuses_what_is_no_plain_tensor(options):
    with pytest.raises(InputError, match="refused"):
        parse(old_format(program(**options)))


@pytest.mark.parametrize("function", [os.system, eval, exec])
def test_an_evil_pickle_does_not_run(function, tmp_path):
    mark = tmp_path / "executed"
    code = (
        f"touch {mark}"
        if function is os.system
        else f"open({str(mark)!r}, 'w')"
    )
    content = old_format(pickle.dumps(Global(function, code), 2))
    path = tmp_path / "evil.pth"
    path.write_bytes(content)
    with pytest.raises(InputError, match="SHA-256"):
        read_tensors(path, "0" * 64)
    # Nor if someone had pinned it.
    with pytest.raises(InputError, match="asks for"):
        read_tensors(path, hashlib.sha256(content).hexdigest())
    assert not mark.exists()


def test_damage_is_one_line(tmp_path):
    content = old_format(program())
    for end in (0, 5, 40, len(content) - 3):
        path = tmp_path / "cut.pth"
        path.write_bytes(content[:end])
        digest = hashlib.sha256(content[:end]).hexdigest()
        with pytest.raises(InputError) as refused:
            read_tensors(path, digest)
        assert "\n" not in str(refused.value)
