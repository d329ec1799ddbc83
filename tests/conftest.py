import os
from pathlib import Path

import numpy as np
import pytest

from tests.chromium import browser as browser

SHARED = Path(
    os.environ.get(
        "KERASAD_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"
    )
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


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
