import os
from pathlib import Path

import numpy as np
import pytest

from tests.chromium import browser as browser
from tests.parts import part

SHARED = Path(
    os.environ.get(
        "KERASAD_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"
    )
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def parts():
    """uint8 `(24, *SIDES, 3)` of `tests.parts`."""
    generator = np.random.default_rng(3)
    return np.stack([part(generator) for _ in range(24)])


@pytest.fixture
def capsule_folder():
    """The real MVTec AD capsule at 256 pixels; never part of the project."""
    folder = SHARED / "mvtec_ad" / "capsule"
    if not folder.is_dir():
        pytest.skip("needs MVTec AD capsule, set KERASAD_TEST_DATA")
    return folder


@pytest.fixture
def dtd_folder():
    folder = SHARED / "dtd" / "images"
    if not folder.is_dir():
        pytest.skip("needs DTD textures, set KERASAD_TEST_DATA")
    return folder
