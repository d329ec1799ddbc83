import importlib

from kerasad.export.format import Format, deployable, keras_export


def write(detector, path, size, batch):
    dimension = importlib.import_module("torch").export.Dim("batch", min=1)
    model, shapes = deployable(detector, size), {0: dimension}
    keras_export(model, path, "torch", size, batch, dynamic_shapes=shapes)


def open_artefact(path):
    torch = importlib.import_module("torch")
    program = torch.export.load(path)
    device = next(iter(program.state_dict.values())).device
    module = program.module()

    def compute(images):
        with torch.no_grad():
            outputs = module(torch.as_tensor(images, device=device))
        return {name: value.cpu().numpy() for name, value in outputs.items()}

    return compute


FORMAT = Format(
    name="torch",
    suffix=".pt2",
    needs={"torch": ()},
    runtime="torch",
    write=write,
    open=open_artefact,
)
