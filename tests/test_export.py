import keras
import numpy as np
import pytest
from click.testing import CliRunner

from kerasad.backend import installed
from kerasad.cli.export import command
from kerasad.config import load_config
from kerasad.data.affine import affine
from kerasad.domain.columns import COLUMNS
from kerasad.errors import InputError
from kerasad.export import FORMATS, export, find_format
from kerasad.export.targets import check_target, replacing_artefact
from kerasad.export.verification import opened, verify
from kerasad.loading import load
from kerasad.training.run import Run
from kerasad.training.train import fit
from tests.parts import SIDES
from tests.small import SIZE, make_detector

BACKEND = keras.backend.backend()

# What the runtimes say on import and in use is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    rng = np.random.default_rng(0)
    base = rng.uniform(80, 180, (SIZE, SIZE, 3))
    noise = rng.normal(0, 4, (12, SIZE, SIZE, 3))
    normals = np.clip(base + noise, 0, 255).astype("uint8")
    detector = make_detector(score="max")
    memory = detector.method.members[1]
    memory.fit(normals[:8], None, Run(None))
    detector.fit_map_statistics(normals[:8])
    detector.calibrate(normals[8:], "n-sigma", k=2.0)
    path = tmp_path_factory.mktemp("export") / "detector.keras"
    detector.save(path)
    return path


@pytest.fixture
def detector(file):
    return load(file)


@pytest.fixture(scope="module")
def moving(parts):
    """A detector that undoes how an image was taken."""
    settings = ["weights=random", "taps=[block_1]", "head_steps=20"]
    settings.append(f"image_size={list(SIDES)}")
    config = load_config("accurate", settings)
    made, _ = fit(config, parts[:8], parts[16:], Run(config.settings))
    made.calibrate(parts[16:], "conformal", fpr=0.2)
    return made


def needed(format):
    """Packages that writing and running it takes here; `None`: not possible."""
    if BACKEND not in format.needs:
        return None
    return (*format.needs[BACKEND], format.runtime)


def skip_unless_possible(format):
    packages = needed(format)
    if packages is None:
        pytest.skip(f"{format.name} cannot be exported on {BACKEND}")
    for package in packages:
        if not installed(package):
            pytest.skip(f"{format.name} on {BACKEND} needs {package}")


def possible_format():
    # Last what takes longest.
    for name in sorted(FORMATS, key=lambda name: name == "openvino"):
        format = find_format(name)
        packages = needed(format)
        if packages is not None and all(map(installed, packages)):
            return format
    pytest.skip(f"no runtime is installed for what {BACKEND} exports")


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_scores_in_the_runtime(format, detector, rng, tmp_path):
    format = find_format(format)
    skip_unless_possible(format)
    target = tmp_path / f"deployed{format.suffix}"
    exported = export(detector, target, format.name, input_size=(40, 48))
    assert exported.difference <= 1e-3
    assert exported.path == target

    names = {path.name for path in tmp_path.iterdir()}
    weights = {"deployed.bin"} if format.name == "openvino" else set()
    assert names == {target.name} | weights

    images = rng.integers(0, 256, (2, 40, 48, 3), dtype="uint8")
    images[1] //= 4
    expected = detector.predict(images)
    images = images[: exported.batch]
    received = opened(target, format)(images)
    thresholds = {"threshold", "pixel_threshold"}
    assert set(received) == set(expected) | thresholds
    for name in thresholds:
        limit = getattr(detector, name)["threshold"]
        np.testing.assert_allclose(received.pop(name), limit, rtol=1e-6)
    for name, value in received.items():
        np.testing.assert_allclose(
            value, expected[name][: len(images)], rtol=1e-3, atol=1e-3
        )
        assert value.dtype == expected[name].dtype


@pytest.mark.parametrize("format", FORMATS)
def test_normalised_images_score_the_same_too(format, request, parts, tmp_path):
    format = find_format(format)
    skip_unless_possible(format)
    if BACKEND in format.without_top_fraction:
        pytest.skip(f"{format.name} on {BACKEND} has no top fraction")
    first = next(filter(installed, format.needs))
    if BACKEND != first:
        pytest.skip(f"minutes to convert: once, on {first}")
    # Not made on JAX, which may export none of it.
    moving = request.getfixturevalue("moving")
    target = tmp_path / f"deployed{format.suffix}"
    exported = export(moving, target, format.name, input_size=SIDES)
    images = [affine(x, angle=4.0, scale=1.15) for x in parts[:2]]
    images = np.stack([*images, parts[2]])[: exported.batch]
    expected = moving.predict(images)
    assert (expected["domain"][:, COLUMNS.index("zoom")] > 1.1).any()
    received = opened(target, format)(images)
    for name, value in expected.items():
        assert received[name].dtype == value.dtype
        np.testing.assert_allclose(received[name], value, atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("format", FORMATS)
def test_parts_that_move_score_the_same_too(format, rng, tmp_path):
    format = find_format(format)
    skip_unless_possible(format)
    if BACKEND in format.without_top_fraction:
        pytest.skip(f"{format.name} on {BACKEND} has no top fraction")
    if BACKEND != next(filter(installed, format.needs)):
        pytest.skip("once is enough")
    config = load_config("memory", ["image_size=32", "alignment=unaligned"])
    images = rng.integers(256, size=(12, 32, 32, 3), dtype="uint8")
    made, _ = fit(config, images[:8], images[8:], Run(config.settings))
    made.calibrate(images[8:], "conformal", fpr=0.2)
    target = tmp_path / f"deployed{format.suffix}"
    exported = export(made, target, format.name)
    assert exported.difference <= 1e-3
    images = images[: exported.batch] // 2
    received = opened(target, format)(images)
    for name, value in made.predict(images).items():
        np.testing.assert_allclose(received[name], value, atol=2e-3, rtol=1e-3)


def test_another_detector_is_noticed(detector, tmp_path):
    format = possible_format()
    target = tmp_path / f"deployed{format.suffix}"
    exported = export(detector, target, format.name)
    other = make_detector()
    other.threshold = detector.threshold
    with pytest.raises(InputError, match="gives another anomaly_map than"):
        verify(other, target, format, exported.input_size, exported.batch)


def test_a_raw_map_is_exported_as_it_is(detector, file, tmp_path):
    format = possible_format()
    detector.localise = "raw"
    target = tmp_path / f"deployed{format.suffix}"
    exported = export(detector, target, format.name)
    assert exported.difference <= 1e-3
    with pytest.raises(InputError, match="gives another anomaly_map than"):
        verify(load(file), target, format, exported.input_size, exported.batch)


def test_command(file, tmp_path):
    format = possible_format()
    target = tmp_path / "new" / f"deployed{format.suffix}"
    arguments = [file, "--format", format.name, "-o", target]
    result = CliRunner().invoke(command, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{target}\n"
    assert f"images: uint8 (any, {SIZE}, {SIZE}, 3)\n" in result.stderr
    assert "verified with " in result.stderr
    assert target.exists()


@pytest.mark.parametrize("text", ["480", "480x", "0x640", "4.5x3", "axb"])
def test_bad_input_size_is_refused(text):
    arguments = ["d.keras", "--format", "onnx", "-o", "d.onnx"]
    result = CliRunner().invoke(command, [*arguments, "--input-size", text])
    assert result.exit_code == 2
    assert "must be HxW in pixels, such as 480x640" in result.stderr


def test_no_threshold_is_refused(tmp_path):
    format = possible_format()
    target = tmp_path / f"deployed{format.suffix}"
    with pytest.raises(InputError, match="set one with `kerasad threshold`"):
        export(make_detector(), target, format.name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "format, backend, score, better",
    [
        ("litert", "jax", "max", "tensorflow"),
        ("litert", "torch", "top-fraction", "tensorflow"),
        ("openvino", "jax", "max", "torch"),
        ("tf_saved_model", "torch", "max", "tensorflow"),
        ("tf_saved_model", "jax", "top-fraction", "tensorflow"),
        ("torch", "tensorflow", "max", "torch"),
    ],
)
def test_the_refusal_names_a_backend(format, backend, score, better):
    with pytest.raises(InputError) as caught:
        find_format(format).check(backend, score)
    advice = f"KERAS_BACKEND={better} kerasad export --format {format} ..."
    assert str(caught.value).endswith(f"on the {backend} backend; try {advice}")


def test_a_missing_package_is_named():
    missing = [
        (format, backend)
        for format in map(find_format, FORMATS)
        for backend, packages in format.needs.items()
        if not all(map(installed, packages))
    ]
    if not missing:
        pytest.skip("every package is installed")
    format, backend = missing[0]
    with pytest.raises(InputError, match=": pip install [a-z0-9]+"):
        format.check(backend, "max")


def test_unknown_format():
    with pytest.raises(ValueError, match="Received: format='coreml'"):
        find_format("coreml")


def test_other_peoples_things_are_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("years of work")
    (tmp_path / "detector.keras").write_text("")
    for name, format, message in [
        ("folder", "tf_saved_model", "holds other things than a SavedModel"),
        ("detector.keras", "tf_saved_model", "is a file; format tf_saved_mod"),
        ("detector.keras", "onnx", "ends in .onnx; use .*detector.onnx"),
    ]:
        with pytest.raises(InputError, match=message):
            check_target(tmp_path / name, find_format(format))
    (tmp_path / "d.onnx").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        check_target(tmp_path / "d.onnx", find_format("onnx"))


def test_a_previous_export_is_replaced_as_a_whole(tmp_path):
    folder = check_target(tmp_path / "deployed", find_format("tf_saved_model"))
    for text in ("first", "second"):
        with replacing_artefact(folder) as beside:
            (beside / "model").mkdir()
            (beside / "model" / "saved_model.pb").write_text(text)
        check_target(folder, find_format("tf_saved_model"))
        assert (folder / "saved_model.pb").read_text() == text

    graph = check_target(tmp_path / "deployed.xml", find_format("openvino"))
    for text in ("first", "second"):
        with replacing_artefact(graph) as beside:
            (beside / "model.xml").write_text(text)
            (beside / "model.bin").write_text(text)
        assert graph.read_text() == text
        assert graph.with_suffix(".bin").read_text() == text

    with pytest.raises(KeyboardInterrupt):
        with replacing_artefact(graph) as beside:
            (beside / "model.xml").write_text("third")
            raise KeyboardInterrupt
    assert graph.read_text() == "second"
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"deployed", "deployed.xml", "deployed.bin"}
