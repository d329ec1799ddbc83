"""Tensors of a PyTorch weights file, without PyTorch and without trust.

The format is that of `torch.save` before PyTorch 1.6: five pickles, then the
numbers. A pickle is a program; the reader here runs one in which three names
mean plain functions of ours and any other name is refused.
"""

import hashlib
import io
import pickle
from collections import OrderedDict

import numpy as np

from kerasad.errors import InputError

MAGIC = 0x1950A86A20F9469CFC6C
# Storage classes are names in the pickle, and to us only element types.
STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}
LARGEST = 1 << 28  # bytes; nothing that we read is near it


def read_tensors(path, sha256: str) -> dict:
    """The tensors of a state dict by name, as numpy arrays.

    Args:
        path: path of the weights file.
        sha256: str, in hexadecimal. The file must have this checksum; it is
            compared before anything is read from the file.

    Raises:
        InputError: no such file, another checksum, or anything but tensors.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise InputError(
            f"{path}: is not the weights file expected: its SHA-256 is "
            f"{found[:16]}..., expected {sha256[:16]}..."
        )
    try:
        return parse(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:
        raise InputError(f"{path}: is no PyTorch weights file") from error


def parse(content: bytes) -> dict:
    """The tensors in the bytes of a weights file."""
    file = io.BytesIO(content)
    if Reader(file).load() != MAGIC:
        raise InputError("no weights file of PyTorch 1.5 or older")
    Reader(file).load()  # version of the protocol
    Reader(file).load()  # sizes of C types where it was written
    reader = Reader(file)
    tensors = reader.load()
    for key in Reader(file).load():
        storage = reader.storages[key]
        (size,) = np.frombuffer(file.read(8), "<i8")
        if size != storage.size:
            raise InputError("a storage has another size than it declares")
        storage[:] = np.frombuffer(file.read(storage.nbytes), storage.dtype)
    return {name: value.copy() for name, value in tensors.items()}


class Reader(pickle.Unpickler):
    """Unpickles tensors only; they are views of `storages`, yet empty."""

    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def find_class(self, module, name):
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise InputError(
            f"refused: its pickle asks for {f'{module}.{name}'[:60]!r}, and "
            "weights are all that is read"
        )

    def persistent_load(self, identity):
        """A storage of zeros, filled later; what is no numbers is refused."""
        kind, dtype, key, _, size, view = identity
        if kind != "storage" or view is not None:
            raise InputError("refused: its pickle asks for more than weights")
        if not 0 <= size * np.dtype(dtype).itemsize <= LARGEST:
            raise InputError("refused: a tensor of impossible size")
        if key not in self.storages:
            self.storages[key] = np.zeros(size, dtype)
        return self.storages[key]


def tensor(storage, offset, shape, strides, *_):
    """A view of a storage, within its bounds."""
    sides = zip(shape, strides, strict=True)
    last = offset + sum((side - 1) * step for side, step in sides)
    if min(offset, *shape, *strides, 0) < 0 or not last < storage.size:
        raise InputError("refused: a tensor beyond its storage")
    return np.lib.stride_tricks.as_strided(
        storage[offset:],
        shape,
        [step * storage.itemsize for step in strides],
        writeable=False,
    )
