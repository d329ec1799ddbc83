"""From a `.keras` file to a detector: vetted first, old ones brought up."""

import tempfile
from pathlib import Path

import keras

from kerasad import legacy
from kerasad.detector import Detector
from kerasad.errors import InputError
from kerasad.hub import fetched
from kerasad.vetting import OpenedFile, too_new, vet


def load(path) -> Detector:
    """A detector from its `.keras` file, ready to predict.

    Args:
        path: of the file, or `hf://OWNER/REPO/FILE.keras[@REVISION]`, see
            `kerasad.hub.fetched`; it is vetted as any other.

    Raises:
        InputError: no such file, not a `.keras` file, another model, or
            anything that `kerasad.vetting.vet` refuses.
    """
    path = Path(fetched(path))
    if path.is_dir():
        inside = path / "detector.keras"
        hint = f"; did you mean {inside}?" if inside.is_file() else ""
        raise InputError(f"{path}: a folder, not a .keras detector{hint}")
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a .keras detector")
    if path.suffix != ".keras":
        raise InputError(f"{path}: a detector's name must end in .keras")
    config = {}
    try:
        with OpenedFile(str(path)) as file:
            config = vet(file, trusted())
            if not legacy.is_old(config):
                return load_model(file)
            with tempfile.TemporaryDirectory() as folder:
                new = legacy.converted(file, folder)
                with OpenedFile(str(new)) as file:
                    vet(file)
                    return load_model(file)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        reason = too_new(config) or f"cannot be loaded: {reason}"
        raise InputError(f"{path}: {reason}") from error


def load_model(file):
    """The model in a file that `vet` has passed."""
    # Said aloud, though `keras.config.enable_unsafe_deserialization`
    # overrules it: `vet` refuses all that safe mode would.
    return keras.saving.load_model(file, compile=False, safe_mode=True)


def trusted() -> set[str]:
    """Registered names of the classes whose modules a person imported."""
    return set(keras.saving.get_custom_objects())
