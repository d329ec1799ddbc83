"""The zip archive of a detector: its members, and what is in them."""

import io
import json
import stat
import zipfile

from kerasad.errors import InputError
from kerasad.vetting.config import check_config, too_new
from kerasad.vetting.weights import check_weights

# What Keras writes, and how many bytes each may have; the weights are stored
# as they are, so they cannot exceed the file.
MEMBERS = {
    "metadata.json": 2**16,
    "config.json": 2**25,  # with fingerprints of up to 30,000 images
    "model.weights.h5": 2**63,
}


class OpenedFile(io.FileIO):
    """An open file that `keras.saving.load_model` takes for a path.

    Keras asks its text for the ending `.keras`, and `os.stat`, which takes
    descriptors, whether it is a folder; then it reads what is open. So what
    was vetted is what is loaded, even if the file has been replaced since.
    """

    def __str__(self):
        return self.name

    def __index__(self):
        return self.fileno()


def vet(file, trusted=frozenset()) -> dict:
    """The config of a detector file that is safe to load.

    Args:
        file: open for reading bytes, such as `OpenedFile`.
        trusted: registered names of classes that a person imported herself.

    Raises:
        InputError: the file is damaged, or holds anything that a detector
            does not need; its text goes on from the name of the file.
    """
    if not zipfile.is_zipfile(file):
        raise InputError(
            "not a .keras file or cut short; train a detector with "
            "`kerasad train`"
        )
    size = file.seek(0, io.SEEK_END)
    try:
        with zipfile.ZipFile(file) as archive:
            check_members(archive, size)
            parts = {name: archive.read(name) for name in MEMBERS}
    except InputError:
        raise
    # A damaged archive makes zipfile raise six kinds of errors.
    except Exception as error:
        raise InputError(f"damaged: {reason(error)}; copy it anew") from error
    read_json(parts, "metadata.json")
    config = read_json(parts, "config.json")
    try:
        stored = check_weights(parts["model.weights.h5"])
        check_config(config, stored, trusted)
    except InputError as error:
        raise InputError(too_new(config) or str(error)) from error
    return config


def check_members(archive, size):
    """Only the members of a detector, stored plainly, of sane size."""
    entries = archive.infolist()
    for entry in entries:
        name = entry.filename
        if name not in MEMBERS:
            raise InputError(
                f"holds {name[:80]!r}; a detector holds {', '.join(MEMBERS)} "
                "and nothing else"
            )
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise InputError(f"its {name} is a link, not a file")
        if entry.flag_bits & 1:
            raise InputError(f"its {name} is encrypted")
        # Stored as it is, a member cannot grow when it is read.
        if (
            entry.compress_type != zipfile.ZIP_STORED
            or entry.compress_size != entry.file_size
        ):
            raise InputError(f"its {name} is compressed; Keras never does that")
        if entry.file_size > MEMBERS[name]:
            raise InputError(
                f"its {name} has {entry.file_size} bytes, more than the "
                f"{MEMBERS[name]} allowed"
            )
    names = [entry.filename for entry in entries]
    for name in MEMBERS:
        if names.count(name) != 1:
            found = "twice" if name in names else "nowhere"
            raise InputError(f"not a detector: {name} is in it {found}")
    if sum(entry.file_size for entry in entries) > size:
        raise InputError("its members are larger than the file itself")


def read_json(parts, name) -> dict:
    """The object in a member, or `InputError`."""
    try:
        value = json.loads(parts[name].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"its {name} is not readable JSON: {reason(error)}"
        ) from error
    if not isinstance(value, dict):
        raise InputError(f"its {name} is not a JSON object")
    return value


def reason(error) -> str:
    """The text of an error on one line of at most 200 characters."""
    return " ".join(str(error).split())[:200]
