import numpy as np
import pytest
from PIL import Image

import kerasad.runtime
from kerasad.data.images import read_image
from kerasad.export import export
from kerasad.loading import load
from tests.runtime.conftest import made, onnx_file  # noqa: F401
from tests.serving.client import Running


@pytest.fixture(scope="session")
def photos(made):  # noqa: F811
    """The bytes of the four photos, in order."""
    return [(made / "photos" / f"{i}.png").read_bytes() for i in range(4)]


@pytest.fixture
def part(onnx_file, tmp_path):  # noqa: F811
    """A copy of the exported detector that a test may replace."""
    path = tmp_path / "part.onnx"
    path.write_bytes(onnx_file.read_bytes())
    return path


@pytest.fixture
def running(part):
    with Running(part) as server:
        yield server


@pytest.fixture(scope="session")
def stricter(made, tmp_path_factory):  # noqa: F811
    """The bytes of an export whose threshold is another."""
    detector = load(made / "detector.keras")
    detector.set_threshold("n-sigma", k=40.0)
    path = tmp_path_factory.mktemp("stricter") / "part.onnx"
    export(detector, path, "onnx")
    return path.read_bytes()


def expected(path, made):  # noqa: F811
    """What the runtime says of each photo in this process."""
    detector = kerasad.runtime.load(path)
    files = [made / "photos" / f"{index}.png" for index in range(4)]
    return list(detector.predict_files(files))


def pixels(made, *indices):  # noqa: F811
    """Photos of 32 pixels as one array."""
    files = [made / "photos" / f"{index}.png" for index in indices]
    return np.stack([read_image(file) for file in files])


def png(image) -> bytes:
    import io

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()
