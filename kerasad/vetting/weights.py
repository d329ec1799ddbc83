"""The weights of a detector: an HDF5 file that holds plain arrays only."""

import io

import h5py
import numpy as np

from kerasad.errors import InputError

OBJECTS = 100_000  # groups and arrays; a large network has some thousands
ATTRIBUTES = 16  # of a group or array; Keras writes one
ATTRIBUTE_BYTES = 4096


def check_weights(content: bytes) -> int:
    """Walks HDF5 without following what leads out of it or grows.

    Returns:
        How many numbers the arrays hold.

    Raises:
        InputError: anything but groups with arrays of finite numbers, each
            stored whole and once.
    """
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return check_file(file, len(content))
    except InputError:
        raise
    # h5py has no error of its own for a damaged file.
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"its model.weights.h5 is damaged: {reason}; copy the file anew"
        ) from error


def check_file(file, size) -> int:
    """Refuses an HDF5 file of `size` bytes, or counts its numbers."""
    arrays = list(walk(file))
    # Before anything is read: arrays that share their bytes, or have none,
    # are far larger in memory than in the file.
    if sum(array.nbytes for array in arrays) > size:
        refuse("arrays", f"are larger than the {size} bytes that hold them")
    for array in arrays:
        if array.dtype.kind == "f" and not np.isfinite(array[()]).all():
            refuse(array.name, "holds numbers that are not finite")
    return sum(array.size for array in arrays)


def walk(file):
    """Every array, each group and array looked at before it is opened."""
    seen, waiting = {h5py.h5o.get_info(file.id).addr}, [file]
    while waiting:
        group = waiting.pop()
        check_attributes(group)
        for name in group:
            path = f"{group.name.rstrip('/')}/{name}"
            key = name.encode()
            # Not `group.get`, which follows the link.
            if group.id.links.get_info(key).type != h5py.h5l.TYPE_HARD:
                refuse(path, "is a link to another place or file")
            place = h5py.h5o.get_info(group.id, key).addr
            if place in seen:
                refuse(path, "is in the file twice")
            seen.add(place)
            if len(seen) > OBJECTS:
                refuse(path, f"comes after {OBJECTS} others")
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append(item)
                continue
            if not isinstance(item, h5py.Dataset):
                refuse(path, "is neither a group nor an array")
            check_array(item)
            yield item


def check_array(array):
    """Refuses an array that lies elsewhere, is packed or has no numbers."""
    check_attributes(array)
    layout = array.id.get_create_plist()
    if layout.get_external_count():
        refuse(array.name, "lies in another file")
    if layout.get_layout() not in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT):
        refuse(array.name, "is virtual, chunked or compressed")
    # Two bytes without a meaning are how Keras writes bfloat16.
    plain = array.dtype.kind in "fiub" or array.dtype.str == "|V2"
    if not plain or array.shape is None:
        refuse(array.name, f"is not an array of numbers but {array.dtype}")
    if array.nbytes != array.id.get_storage_size():
        refuse(
            array.name,
            f"should have {array.nbytes} bytes and has "
            f"{array.id.get_storage_size()}",
        )


def check_attributes(item):
    """Refuses attributes that are many or large."""
    if h5py.h5a.get_num_attrs(item.id) > ATTRIBUTES:
        refuse(item.name, f"has over {ATTRIBUTES} attributes")
    for index in range(h5py.h5a.get_num_attrs(item.id)):
        attribute = h5py.h5a.open(item.id, index=index)
        if attribute.get_storage_size() > ATTRIBUTE_BYTES:
            refuse(item.name, "has an attribute that is too large")


def refuse(name, reason):
    """Raises the `InputError`."""
    raise InputError(f"its model.weights.h5: {str(name)[:80]} {reason}")
