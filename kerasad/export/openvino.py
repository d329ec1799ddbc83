from kerasad.export.format import (
    Format,
    deployable,
    keras_export,
    outputs_of,
)


def write(detector, path, size, batch, facts):
    """Facts are runtime information of the model; batches are of any size."""
    import openvino

    model = deployable(detector, size, kind=list)
    unnamed = path.with_name(f"unnamed{path.suffix}")
    keras_export(model, unnamed, "openvino", size, batch)
    graph = openvino.Core().read_model(unnamed)
    graph.reshape([-1, *size, 3])
    graph.input().tensor.set_names({"images"})
    names = outputs_of(detector)
    # From TensorFlow, what nothing uses comes along as an output.
    for unused in graph.get_results()[len(names) :]:
        graph.remove_result(unused)
    for value, name in zip(graph.outputs, names, strict=True):
        value.tensor.set_names({name})
    for name, text in facts.items():
        graph.set_rt_info(text, ["kerasad", name])
    openvino.serialize(graph, path)


def open_artefact(path, precision="f32"):
    """A function of uint8 images; in float32 unless `precision` says else."""
    import openvino

    # Left alone, OpenVINO computes in bfloat16 where the CPU can.
    model = openvino.Core().compile_model(
        path, "CPU", {"INFERENCE_PRECISION_HINT": precision}
    )
    return lambda images: {
        output.any_name: value
        for output, value in model({"images": images}).items()
    }


FORMAT = Format(
    name="openvino",
    suffix=".xml",
    needs={"torch": ("openvino",), "tensorflow": ("openvino",)},
    runtime="openvino",
    write=write,
    open=open_artefact,
    hint="on a CPU with bfloat16 OpenVINO rounds to it; compile with "
    "INFERENCE_PRECISION_HINT=f32 for the same scores",
)
