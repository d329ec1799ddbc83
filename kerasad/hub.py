"""Detectors at `hf://OWNER/REPO/FILE.keras`, by huggingface_hub."""

import re
from pathlib import Path

from kerasad.errors import InputError

SCHEME = "hf://"
ADDRESS = re.compile(r"hf://([^/@]+/[^/@]+)/([^@]+\.keras)(?:@(.+))?")


def fetched(path):
    """A path as it is; of an `hf://` address that of the file fetched.

    One file is fetched, into the cache of huggingface_hub, and not again as
    long as it is the newest of its revision. Without a network what is in
    the cache is taken. `HF_ENDPOINT`, `HF_HOME` and `HF_TOKEN` hold.

    Args:
        path: also `hf://OWNER/REPO/FILE.keras`, with `@REVISION` for a
            branch, a tag or a commit, which alone stays what it is.

    Raises:
        InputError: another address, no such file, no network, or
            huggingface_hub is missing.
    """
    if not str(path).startswith(SCHEME):
        return path
    parts = ADDRESS.fullmatch(path)
    if parts is None:
        raise InputError(
            f"{path}: an address must be hf://OWNER/REPO/FILE.keras, with "
            "@REVISION or without"
        )
    repository, name, revision = parts.groups()
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise InputError(
            f"{path}: needs huggingface_hub, which is not installed: "
            'pip install "kerasad[hub]"'
        ) from error
    try:
        return Path(hf_hub_download(repository, name, revision=revision))
    except Exception as error:  # of the hub, its client, the network
        raise InputError(f"{path}: {reason(error)}") from error


def reason(error) -> str:
    """Why the hub did not give a file, in words."""
    from huggingface_hub import errors

    # The hub's own file, not what is missing in the cache without a network.
    if isinstance(error, errors.LocalEntryNotFoundError):
        return "the hub cannot be reached, and the file is not in the cache"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "no such repository, or it needs a token in HF_TOKEN"
    if isinstance(error, errors.RevisionNotFoundError):
        return "the repository has no such revision"
    if isinstance(error, errors.EntryNotFoundError):
        return "the repository has no such file"
    return "cannot be fetched: " + " ".join(str(error).split())[:200]
