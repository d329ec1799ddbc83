from kerasad.export.format import (
    Format,
    deployable,
    keras_export,
    outputs_of,
)


def write(detector, path, size, batch, facts):
    """Facts are metadata of the model; batches are of any size."""
    import onnx

    keras_export(deployable(detector, size), path, "onnx", size, batch)
    model = onnx.load(path)
    graph = model.graph
    names = {
        value.name: name
        for value, name in zip(graph.output, outputs_of(detector), strict=True)
    }
    for value in graph.output:
        value.name = names[value.name]
    for node in graph.node:
        for edges in (node.input, node.output):
            for index, edge in enumerate(edges):
                edges[index] = names.get(edge, edge)
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def open_artefact(path):
    """A callable from images to the outputs of an ONNX file, on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        path, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return lambda images: dict(
        zip(names, session.run(names, {"images": images}), strict=True)
    )


FORMAT = Format(
    name="onnx",
    suffix=".onnx",
    needs={
        "torch": ("onnx",),
        "tensorflow": ("onnx", "tf2onnx"),
        "jax": ("onnx", "jax2onnx"),
    },
    runtime="onnxruntime",
    write=write,
    open=open_artefact,
)
