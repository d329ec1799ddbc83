import keras
import numpy as np
import pytest
from PIL import Image

from kerasad.backend import installed
from kerasad.export import export, find_format
from kerasad.loading import load
from kerasad.training.run import Run
from tests.small import SIZE, make_detector


def calibrated(seed=0):
    """A small detector of the shape of `default`, and good photos."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(80, 180, (SIZE, SIZE, 3))
    noise = rng.normal(0, 4, (24, SIZE, SIZE, 3))
    normals = np.clip(base + noise, 0, 255).astype("uint8")
    detector = make_detector(score="max")
    detector.method.members[1].fit(normals[:8], None, Run(None))
    detector.fit_map_statistics(normals[:8])
    detector.calibrate(normals[8:20], "conformal", groups=[0, 0, *range(1, 11)])
    return detector, normals


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Folder with detector.keras, its exports and a few photos."""
    folder = tmp_path_factory.mktemp("runtime")
    detector, normals = calibrated()
    detector.provenance = {"photo_size": [SIZE, SIZE], "recipe": "small"}
    detector.save(folder / "detector.keras")
    photos = folder / "photos"
    photos.mkdir()
    for index, image in enumerate(normals[20:]):
        if index > 1:
            image = image.copy()
            image[5:12, 20 : 24 + index] = (255, 0, 30)
        image = Image.fromarray(image)
        if index % 2:  # runtime and detector have to resize alike
            image = image.resize((70, 50))
        image.save(photos / f"{index}.png")
    (photos / "broken.png").write_bytes(b"no image")
    return folder


def exported(folder, format):
    """The artefact in a format; skipped where this backend writes none."""
    form = find_format(format)
    backend = keras.backend.backend()
    needs = (*form.needs.get(backend, ("no such export",)), form.runtime)
    if not all(map(installed, needs)):
        pytest.skip(f"{format} on {backend} needs {' '.join(needs)}")
    path = folder / f"part{form.suffix}"
    if not path.exists():
        export(load(folder / "detector.keras"), path, format)
    return path


@pytest.fixture(params=["onnx", "openvino"])
def artefact(request, made):
    return exported(made, request.param)


@pytest.fixture
def onnx_file(made):
    return exported(made, "onnx")
