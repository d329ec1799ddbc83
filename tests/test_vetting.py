"""A detector file runs no code, and what is wrong with it is one line."""

import concurrent.futures
import io
import sys

import h5py
import keras
import numpy as np
import pytest

import kerasad
from kerasad.detector import Detector
from kerasad.errors import InputError
from kerasad.vetting.weights import check_file
from tests import hostile
from tests.cli.conftest import run
from tests.hostile import (
    with_config,
    with_field,
    with_layer,
    with_member,
    with_raw,
    with_setting,
    with_text,
    with_weights,
)
from tests.small import make_detector, plain_detector

PLACE = "config.method.config.network"
NETWORK = f"{PLACE}.config"
ONLY = (
    "; a detector holds metadata.json, config.json, model.weights.h5 and "
    "nothing else"
)
LAYERS = f" at {NETWORK}.layers of its config"
CLASS = ", which a detector may not; nothing of the file was run"
WEIGHTS = "48245 weights in the file"


def layer(module, name, config=None, registered=None):
    return with_layer(
        module=module,
        class_name=name,
        config={} if config is None else config,
        registered_name=registered,
    )


ARCHIVES = {
    "absolute": (with_member("/etc/evil"), "holds '/etc/evil'" + ONLY),
    "parent": (with_member("../evil.py"), "holds '../evil.py'" + ONLY),
    "drive": (with_member("C:\\evil"), r"holds 'C:\\evil'" + ONLY),
    "backslash": (with_member("..\\evil"), r"holds '..\\evil'" + ONLY),
    "asset": (with_member("assets/evil"), "holds 'assets/evil'" + ONLY),
    "escape": (with_member("\x1b[31m\n"), r"holds '\x1b[31m\n'" + ONLY),
    "missing": (
        hostile.without("metadata.json"),
        "not a detector: metadata.json is in it nowhere",
    ),
    "twice": (hostile.twice, "not a detector: config.json is in it twice"),
    "link": (hostile.linked, "its metadata.json is a link, not a file"),
    "encrypted": (
        with_field(8, "<H", 1),
        "its model.weights.h5 is encrypted",
    ),
    "bomb": (
        hostile.bomb,
        "its metadata.json is compressed; Keras never does that",
    ),
    "lying": (
        with_field(24, "<I", 2**31),
        "its model.weights.h5 is compressed; Keras never does that",
    ),
    "lying twice": (
        with_field((20, 24), "<I", 2**31),
        "its members are larger than the file itself",
    ),
    "large": (
        hostile.oversized,
        "its metadata.json has 70002 bytes, more than the 65536 allowed",
    ),
    "cut": (
        hostile.cut,
        "not a .keras file or cut short; train a detector with `kerasad train`",
    ),
}

CONFIGS = {
    "list": (
        with_text("config.json", b"[]"),
        "its config.json is not a JSON object",
    ),
    "nested": (
        with_raw("calibration", "[" * 200 + "]" * 200),
        "its config.json is nested over 100 levels deep",
    ),
    "nan": (
        with_raw("sigma", "NaN"),
        "holds nan at config.sigma of its config, not a finite number",
    ),
    "infinite": (
        with_raw("sigma", "1e999"),
        "holds inf at config.sigma of its config, not a finite number",
    ),
    "model": (
        with_setting("class_name", "Model"),
        "holds a Model, not a kerasad Detector",
    ),
    "no method": (with_setting("config.method", None), "holds no method"),
    "training": (
        with_setting(f"{PLACE}.compile_config", {"optimizer": "adam"}),
        f"holds settings of a training at {PLACE} of its config",
    ),
    "wide": (
        with_setting(f"{NETWORK}.filters", [6, 5000]),
        f"holds 5000 at {NETWORK}.filters of its config, too large for the "
        + WEIGHTS,
    ),
    "deep": (
        with_setting(f"{NETWORK}.blocks", 10**9),
        f"holds 1000000000 at {NETWORK}.blocks of its config, too large for "
        "the " + WEIGHTS,
    ),
    "long": (
        with_setting(f"{NETWORK}.dilations", [1] * 1000),
        f"holds 1000 numbers at {NETWORK}.dilations of its config, more than "
        "the 64 allowed",
    ),
    "memory": (
        with_config(
            lambda config: config["config"]["method"]["config"].update(
                image_size=32, memory_images=10**9
            )
        ),
        "holds 1000000000 at config.method.config.memory_images of its "
        "config, too large for the " + WEIGHTS,
    ),
    "a long strip": (
        with_setting("config.image_size", [1, 10**9]),
        "holds [1, 1000000000] at config.image_size of its config, too large "
        "for the " + WEIGHTS,
    ),
    "units": (
        layer("keras.layers", "Dense", {"units": 10**9}),
        f"holds 1000000000{LAYERS[:-14]}.config.units of its config, too large "
        "for the " + WEIGHTS,
    ),
}

UNREADABLE = {
    "encoding": with_text("config.json", b'{"\xff": 1}'),
    "recursion": with_text("config.json", b"[" * 100_000),
    "digits": with_raw("sigma", "1" * 5000),
    "metadata": with_text("metadata.json", b"{"),
}

# Module, class, config and registered name of a layer.
CLASSES = {
    "keras.layers.Lambda": ("keras.layers", "Lambda"),
    "keras.layers.TFSMLayer": (
        "keras.layers",
        "TFSMLayer",
        {"filepath": "/tmp/evil"},
    ),
    "keras.layers.TorchModuleWrapper": ("keras.layers", "TorchModuleWrapper"),
    "keras.layers.JaxLayer": ("keras.layers", "JaxLayer"),
    "keras.layers.FlaxLayer": ("keras.layers", "FlaxLayer"),
    "keras.layers.StringLookup": (
        "keras.layers",
        "StringLookup",
        {"vocabulary": "/etc/passwd"},
    ),
    "keras.utils.function (get_file)": (
        "keras.utils",
        "function",
        "get_file",
        "get_file",
    ),
    "keras.layers.function": ("keras.layers", "function", "relu"),
    "evil_module.Payload (evil>Payload)": (
        "evil_module",
        "Payload",
        {},
        "evil>Payload",
    ),
    "evil_module.Dense": ("evil_module", "Dense"),
    "None.Dense": (None, "Dense"),  # Keras's older, laxer way
    "None.__lambda__": (None, "__lambda__", {"value": "x"}),
    "None.__typespec__": (None, "__typespec__"),
    # Registered names of ours that lead elsewhere.
    "keras.src.layers.core.lambda_layer.Lambda (kerasad>Lambda)": (
        "keras.src.layers.core.lambda_layer",
        "Lambda",
        {},
        "kerasad>Lambda",
    ),
    "keras.layers.Dense (evil>Dense)": (
        "keras.layers",
        "Dense",
        {},
        "evil>Dense",
    ),
    "kerasad.layers.cbam.CBAM (evil>CBAM)": (
        "kerasad.layers.cbam",
        "CBAM",
        {},
        "evil>CBAM",
    ),
}

ARRAYS = {
    hostile.external_link: "evil is a link to another place or file",
    hostile.soft_link: "evil is a link to another place or file",
    hostile.external_storage: "evil lies in another file",
    hostile.virtual: "evil is virtual, chunked or compressed",
    hostile.chunked: "evil is virtual, chunked or compressed",
    hostile.compressed: "evil is virtual, chunked or compressed",
    hostile.pretended: "evil should have 1000000000000 bytes and has 0",
    hostile.references: "evil is not an array of numbers but object",
    hostile.texts: "evil is not an array of numbers but object",
    hostile.compound: "evil is not an array of numbers but "
    "[('a', '<f4'), ('b', '<i4')]",
    hostile.cycle: "evil is in the file twice",
    hostile.shared: "evil is in the file twice",
    hostile.named_type: "evil is neither a group nor an array",
    hostile.infinite: "0 holds numbers that are not finite",
}


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("genuine") / "detector.keras"
    make_detector("squared-error").save(path)
    return hostile.read_parts(path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "detector.keras"


def refusal(path):
    with pytest.raises(InputError) as caught:
        kerasad.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives(name, parts, path):
    write, message = ARCHIVES[name]
    write(path, parts)
    assert refusal(path) == message


@pytest.mark.parametrize("name", CONFIGS)
def test_configs(name, parts, path):
    write, message = CONFIGS[name]
    write(path, parts)
    assert refusal(path) == message


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_json(name, parts, path):
    UNREADABLE[name](path, parts)
    member = "metadata" if name == "metadata" else "config"
    message = refusal(path)
    assert message.startswith(f"its {member}.json is not readable JSON: ")
    assert "\n" not in message and len(message) < 250


@pytest.mark.parametrize("name", CLASSES)
def test_classes(name, parts, path):
    layer(*CLASSES[name])(path, parts)
    assert refusal(path) == f"names the class {name}{LAYERS}{CLASS}"
    assert "evil_module" not in sys.modules


@pytest.mark.parametrize("change", ARRAYS, ids=lambda f: f.__name__)
def test_weights(change, parts, path):
    with_weights(change)(path, parts)
    expected = f"its model.weights.h5: /vars/{ARRAYS[change]}"
    assert refusal(path) == expected


def test_attributes(parts, path):
    with_weights(hostile.long_attribute)(path, parts)
    expected = "its model.weights.h5: /vars has an attribute that is too large"
    assert refusal(path) == expected
    with_weights(hostile.many_attributes)(path, parts)
    expected = "its model.weights.h5: /vars has over 16 attributes"
    assert refusal(path) == expected


def test_arrays_that_share_their_bytes(parts, path):
    content = parts[hostile.WEIGHTS]
    with h5py.File(io.BytesIO(content), "r") as file:
        with pytest.raises(InputError, match="larger than the 100 bytes that"):
            check_file(file, 100)


def test_another_ending(parts, path):
    path = path.with_suffix(".zip")
    hostile.write_parts(path, parts)
    assert refusal(path) == "a detector's name must end in .keras"


def test_the_command_line_says_it_in_one_line(parts, path, tmp_path):
    with_member("../evil.py")(path, parts)
    result = run("predict", path, tmp_path)
    assert result.exit_code == 2
    assert result.stderr == f"Error: {path}: holds '../evil.py'{ONLY}\n"


def save_lambda(path, marker):
    """A detector whose network writes a file when Keras builds it."""

    name = str(marker)

    def payload(x):
        open(name, "w").close()
        return x

    payload.__name__ = "<lambda>"
    images = keras.Input((32, 32, 3))
    network = keras.Model(images, keras.layers.Lambda(payload)(images))
    plain_detector(network).save(path)
    assert marker.exists()
    marker.unlink()


def in_unsafe_thread(function, *arguments):
    """Keras's safe mode is a matter of the thread, and ends with it."""

    def run():
        keras.config.enable_unsafe_deserialization()
        return function(*arguments)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def test_a_lambda_runs_in_keras_and_not_here(path, tmp_path):
    marker = tmp_path / "marker"
    save_lambda(path, marker)
    message = in_unsafe_thread(refusal, path)
    assert message.startswith("names the class keras.layers.Lambda at ")
    assert not marker.exists()

    def without_vetting():
        keras.saving.load_model(path, compile=False, safe_mode=True)

    in_unsafe_thread(without_vetting)
    assert marker.exists()  # the payload is a real one


def test_networks_of_keras_pass(path):
    layers = keras.layers
    images = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(images)
    y = layers.LeakyReLU()(layers.BatchNormalization()(x))
    x = layers.Add()([x, y])
    outputs = layers.Conv2D(3, 1, kernel_regularizer="l2")(x)
    network = keras.Model(images, outputs)
    network.compile("adam", "mse")  # is left out of the file
    plain_detector(network, sigma=1.0).save(path)
    revived = kerasad.load(path)
    image = np.zeros((1, 32, 32, 3), "uint8")
    assert np.isfinite(revived.predict(image)["anomaly_score"]).all()


def test_a_file_of_a_newer_kerasad(parts, path):
    newer = (
        f"was written by kerasad 99.1, newer than this {kerasad.__version__}; "
        "upgrade kerasad"
    )

    def change(config):
        config["config"]["kerasad"] = "99.1"

    with_config(change)(path, parts)
    assert isinstance(kerasad.load(path), Detector)  # as long as it can be

    def with_new_argument(config):
        change(config)
        config["config"]["shiny"] = 1

    with_config(with_new_argument)(path, parts)
    assert refusal(path) == newer

    def with_new_class(config):
        change(config)
        method = config["config"]["method"]
        method["class_name"] = "Shiny"
        method["registered_name"] = "kerasad>Shiny"

    with_config(with_new_class)(path, parts)
    assert refusal(path) == newer
    with_setting("config.shiny", 1)(path, parts)
    assert refusal(path).startswith("cannot be loaded: Unrecognized keyword")


def test_files_without_a_version_load(parts, path):
    with_config(lambda config: config["config"].pop("kerasad"))(path, parts)
    assert isinstance(kerasad.load(path), Detector)
    provenance = {"loss": float("nan")}  # shown, and nothing else
    with_setting("config.provenance", provenance)(path, parts)
    assert isinstance(kerasad.load(path), Detector)


def test_what_was_vetted_is_loaded(parts, path, monkeypatch):
    """The file is replaced between the vetting and the loading."""
    hostile.write_parts(path, parts)
    other = path.with_name("other.keras")
    with_setting("config.sigma", 3.5)(other, parts)
    load_model = keras.saving.load_model

    def replace_first(*arguments, **options):
        other.replace(path)
        return load_model(*arguments, **options)

    monkeypatch.setattr(keras.saving, "load_model", replace_first)
    assert kerasad.load(path).sigma == 1.0
    monkeypatch.undo()
    assert kerasad.load(path).sigma == 3.5


def outcome(path):
    """`refused`, or `loaded` if what is loaded gives finite scores."""
    image = np.full((1, 32, 32, 3), 128, "uint8")
    try:
        result = kerasad.load(path).predict(image)
    except InputError as error:
        assert "\n" not in str(error)
        return "refused"
    assert np.isfinite(result["anomaly_score"]).all()
    return "loaded"


def test_damaged_files(parts, path):
    """Bytes that flip on the way are found by the checksums."""
    hostile.write_parts(path, parts)
    genuine = path.read_bytes()
    rng = np.random.default_rng(0)
    outcomes = []
    for _ in range(20):
        content = bytearray(genuine)
        for place in rng.integers(0, len(content), 3):
            content[place] ^= 1 << rng.integers(8)
        path.write_bytes(content)
        outcomes.append(outcome(path))
        path.write_bytes(genuine[: rng.integers(len(genuine))])
        outcomes.append(outcome(path))
    assert outcomes.count("refused") >= 38  # an unused field may flip


def test_damage_under_a_right_checksum(parts, path):
    """What a forger writes: HDF5 and JSON with bytes flipped."""
    rng = np.random.default_rng(1)
    outcomes = []
    for index in range(16):
        name = ("config.json", hostile.WEIGHTS)[index % 2]
        content = bytearray(parts[name])
        structure = np.flatnonzero(np.frombuffer(content, "u1"))
        for place in rng.choice(structure[:4000], 4):
            content[place] ^= 1 << rng.integers(8)
        hostile.write_parts(path, {**parts, name: bytes(content)})
        outcomes.append(outcome(path))
    assert "refused" in outcomes
