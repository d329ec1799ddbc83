"""Larger images have a coarser grid; a file of before keeps the finer one."""

import pytest

from kerasad.methods.feature_memory import (
    FeatureMemoryMethod,
    FeatureMemorySettings,
)


def test_places_of_larger_images():
    settings = FeatureMemorySettings(weights="random", taps=("block_1",))
    method = FeatureMemoryMethod.from_settings(settings, (320, 256), 4)
    assert method.grid_size == [20, 16]  # 286 pixels a side, so 16 a place
    # Averaged over twice the 20 pixels of smaller ones: places of 4 pixels.
    assert method.grid_of("gaussian").pool == [9]
    assert method.grid_of("mixture").pool == [9]
    again = FeatureMemoryMethod.from_config(method.get_config())
    assert again.grid_size == [20, 16] and again.pool == method.pool
    config = method.get_config()
    del config["pool"]
    before = FeatureMemoryMethod.from_config(config)
    assert before.grid_of("mixture").pool == [5]
    assert before.grid_of("gaussian").pool == [9]
    config = method.get_config()  # anew: Keras takes it to pieces
    del config["pool"], config["stride"]
    before = FeatureMemoryMethod.from_config(config)
    assert before.grid_size == [40, 32]
    assert before.grid_of("gaussian").pool == [5]
    with pytest.raises(ValueError, match="at least 8. Received: stride=1"):
        FeatureMemoryMethod(method.backbone, (320, 256), stride=1)
    with pytest.raises(ValueError, match="1 to 32 pixels for each of"):
        FeatureMemoryMethod(method.backbone, (320, 256), pool={"window": 1})
