"""A detector as a graph, and the graph as a file of each format."""

import importlib
import warnings

import keras

# In order of the alphabet, in which Keras flattens a dict.
OUTPUTS = ("anomaly_map", "anomaly_score", "is_anomalous", "reconstruction")


def deployable(detector, size, outputs=dict):
    """The detector for images of one size, as a functional model.

    Args:
        detector: a `Detector`.
        size: pair of ints, `(height, width)` in pixels, of the raw images.
        outputs: `dict`, or `list` for a converter that takes no dict.
    """
    images = keras.Input((*size, 3), dtype="uint8", name="images")
    values = detector(images)
    named = {name: values[name] for name in OUTPUTS}
    return keras.Model(
        images, named if outputs is dict else list(named.values())
    )


def write(detector, path, format, size, batch=None):
    """Writes the artefact.

    Args:
        path: `Path` of the artefact, with the suffix of `format`.
        batch: int, or `None` for any number of images.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converters' own
        WRITERS[format](detector, path, format, size, batch)


def export_model(model, path, format, size, batch, **options):
    signature = keras.InputSpec(
        shape=(batch, *size, 3), dtype="uint8", name="images"
    )
    model.export(
        str(path),
        format=format,
        verbose=False,
        input_signature=[signature],
        **options,
    )


def write_named(detector, path, format, size, batch):
    """Formats in which Keras keeps the names of the outputs."""
    export_model(deployable(detector, size), path, format, size, batch)


def write_torch(detector, path, format, size, batch):
    dimension = importlib.import_module("torch").export.Dim("batch", min=1)
    export_model(
        deployable(detector, size),
        path,
        format,
        size,
        batch,
        dynamic_shapes={0: dimension},
    )


def write_onnx(detector, path, format, size, batch):
    import onnx

    write_named(detector, path, format, size, batch)
    model = onnx.load(path)
    graph = model.graph
    names = {
        value.name: name
        for value, name in zip(graph.output, OUTPUTS, strict=True)
    }
    for value in graph.output:
        value.name = names[value.name]
    for node in graph.node:
        for edges in (node.input, node.output):
            for index, edge in enumerate(edges):
                edges[index] = names.get(edge, edge)
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_openvino(detector, path, format, size, batch):
    import openvino

    model = deployable(detector, size, outputs=list)
    unnamed = path.with_name(f"unnamed{path.suffix}")
    export_model(model, unnamed, format, size, batch)
    graph = openvino.Core().read_model(unnamed)
    graph.reshape([-1, *size, 3])
    graph.input().tensor.set_names({"images"})
    for value, name in zip(graph.outputs, OUTPUTS, strict=True):
        value.tensor.set_names({name})
    openvino.serialize(graph, path)


WRITERS = {
    "onnx": write_onnx,
    "openvino": write_openvino,
    "litert": write_named,
    "tf_saved_model": write_named,
    "torch": write_torch,
}
