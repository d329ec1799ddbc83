"""A detector as a model for another runtime: one file a format."""

import importlib

FORMATS = ("onnx", "openvino", "litert", "tf_saved_model", "torch")


def find_format(name: str):
    """The `Format` of the module of that name."""
    if name not in FORMATS:
        raise ValueError(
            f"Argument `format` must be one of {list(FORMATS)}. "
            f"Received: format={name!r}"
        )
    return importlib.import_module(f"kerasad.export.{name}").FORMAT


def export(*arguments, **options):
    """See `kerasad.export.exported.export`, imported at the first call."""
    from kerasad.export.exported import export

    return export(*arguments, **options)
