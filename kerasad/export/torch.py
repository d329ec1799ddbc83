import importlib
import zipfile

from kerasad.export.format import Format, deployable, keras_export
from kerasad.export.notes import FILE, together


def write(detector, path, size, batch, facts):
    """Facts are an extra file of the archive; batches are of any size."""
    torch = importlib.import_module("torch")
    dimension = torch.export.Dim("batch", min=1)
    model, shapes = deployable(detector, size), {0: dimension}
    keras_export(model, path, "torch", size, batch, dynamic_shapes=shapes)
    # As `torch.export.save` writes `extra_files`, without reading it first and
    # writing it again, which take as long as the export.
    with zipfile.ZipFile(path, "a") as archive:
        root = archive.namelist()[0].partition("/")[0]
        archive.writestr(f"{root}/extra/{FILE}", together(facts))


def open_artefact(path):
    """A callable from images to the outputs of an exported program."""
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
