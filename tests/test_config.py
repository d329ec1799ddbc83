import pytest

from kerasad import config, recipes
from kerasad.config import Config, load_config
from kerasad.errors import InputError


def test_every_recipe_loads_and_is_documented():
    assert "default" in recipes.names()
    for name in recipes.names():
        assert load_config(name).name == name
        text = (recipes.config_folder() / f"{name}.yaml").read_text()
        assert text.startswith("# "), f"{name} does not say what it is"


def test_default_recipe_is_the_dataclass():
    assert load_config("default") == Config()


def test_yaml_round_trip(tmp_path):
    changed = Config(threshold="iqr", k=1.5).replace(
        filters=(24, 48), corruption={"patch": 2.0}
    )
    path = tmp_path / "mine.yaml"
    path.write_text(config.to_yaml(changed))
    assert load_config(str(path)) == changed


def test_settings_on_top():
    changed = load_config(
        "default", ["epochs=3", "learning_rate=1e-4", "filters=[12, 24]"]
    )
    ssae, _ = changed.settings.members
    assert (ssae.epochs, ssae.learning_rate) == (3, 1e-4)
    assert ssae.filters == (12, 24)


@pytest.mark.parametrize(
    "setting, message",
    [
        ("epoch=3", "unknown config key 'epoch' of method fused; did you "
         "mean 'epochs'?"),
        ("epochs=many", "config key 'epochs' must be a whole number. "
         "Received: 'many'"),
        ("epochs=0", "config key 'epochs' must be at least 1. Received: 0"),
        ("epochs=2.5", "config key 'epochs' must be a whole number. "
         "Received: 2.5"),
        ("head=1", "config key 'head' must be true or false. Received: 1"),
        ("schedule=linear", "config key 'schedule' must be one of constant, "
         "plateau, cosine. Received: 'linear'"),
        ("mask_weight=1.5", "config key 'mask_weight' must be in [0, 1]. "
         "Received: 1.5"),
        ("image_size=100", "config key 'image_size' must be a multiple of 16, "
         "which is stem * 2^(levels - 1). Received: 100"),
        ("epochs", "--set takes KEY=VALUE, such as epochs=10. "
         "Received: 'epochs'"),
        ("filters=[a]", "config key 'filters' must be a whole number. "
         "Received: 'a'"),
    ],
)  # fmt: skip
def test_refusals(setting, message):
    with pytest.raises(InputError) as caught:
        load_config("default", [setting])
    assert str(caught.value) == message


def test_unknown_recipe_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'default'"):
        load_config("defualt")


def test_broken_yaml_names_the_file(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("epochs: [1, 2")
    with pytest.raises(InputError, match="broken.yaml: not readable YAML"):
        load_config(str(path))
