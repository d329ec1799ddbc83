"""Options that cannot be, places that cannot be written, nothing to read."""

import json

import keras
import pytest

from kerasad.backend import installed
from kerasad.export import FORMATS, find_format
from tests.cli.conftest import run, succeed
from tests.cli.refusals import refuse

SHIFTS = "paper, rotation, zoom, translation, resolution, brightness, "
SHIFTS += "contrast, noise, blur, jpeg, colour_cast"
EVALUATE = "evaluate {detector} --data {category} --out {folder}/out "
SIZE = "Invalid value for '--input-size': must be "
HEIGHT = SIZE + "HxW in pixels, such as 480x640. Received: "
FILE = "{folder}/file"
IS_FILE = "Invalid value for '--out': Directory '{folder}/file' is a file."
UNDER_FILE = "Invalid value for '--out': {folder}/file is a file, not a "
UNDER_FILE += "folder."
EXPORT = "export {detector} --format torch -o {folder}/model.pt2 "
NO_CAPSULES = ": expected a new or empty folder to draw capsules into. Name "
NO_CAPSULES += "another one or delete it first."

ROWS = [
    (EVALUATE + "--shift nois", "No shift is called 'nois'; did you mean "
     "'noise'? There are " + SHIFTS),
    (EVALUATE + "--shift noise --severity 9",
     "The severity of a shift must be in [0, 2]. Received: 9.0"),
    (EVALUATE + "--shift noise --severity nan",
     "The severity of a shift must be in [0, 2]. Received: nan"),
    (EVALUATE + "--sweep --severities 0", "the severities of a sweep must be "
     "over 0, which is its baseline anyway. Received: [0.0]"),
    (EVALUATE + "--sweep --severities 1,x", "Invalid value for "
     "'--severities': must be numbers, such as 0.5,1,2. Received: '1,x'"),
    (EVALUATE + "--min-defect-area -1", "Invalid value for "
     "'--min-defect-area': -1 is not in the range x>=0."),
    ("evaluate {detector} --data {category} --out " + FILE, IS_FILE),
    ("evaluate {detector} --data {category} --out " + FILE + "/a/b",
     UNDER_FILE),
    ("train --data {category} --out " + FILE, IS_FILE),
    ("train --data {category} --out " + FILE + "/run", UNDER_FILE),
    ("train --data {category} --out {folder}/run --folds 3",
     "--folds goes with --calibration cross"),
    ("train --data {category} --out {folder}/run --calibration cross "
     "--folds 99 --set image_size=64 --set crop=32",
     "10 good images cannot be cut into 99 folds; set folds to 2 or more, and "
     "at most 10"),
    ("train --seed 99999999999", "config key 'seed' must be in [0, "
     "4294967295]. Received: 99999999999"),
    ("train --backend mxnet", "Invalid value for '--backend': 'mxnet' is not "
     "one of 'torch', 'tensorflow', 'jax'."),
    ("predict {detector} {category} --out " + FILE, IS_FILE),
    ("predict {detector} {category} --out " + FILE + "/over", UNDER_FILE),
    ("predict {detector}", "Missing argument 'PATH...'."),
    ("predict {detector} {category} --batch-size 0",
     "Invalid value for '--batch-size': 0 is not in the range x>=1."),
    (EXPORT + "--input-size 480", HEIGHT + "'480'"),
    (EXPORT + "--input-size 0x640", HEIGHT + "'0x640'"),
    (EXPORT + "--input-size -1x640", HEIGHT + "'-1x640'"),
    (EXPORT + "--input-size 99999x99999",
     SIZE + "at most 100000000 pixels. Received: '99999x99999'"),
    ("export {detector} --format caffe -o {folder}/model", "Invalid value for "
     "'--format': 'caffe' is not one of 'onnx', 'openvino', 'litert', "
     "'tf_saved_model', 'torch'."),
    ("data capsules {category}", "{category}" + NO_CAPSULES),
    ("data capsules " + FILE, FILE + NO_CAPSULES),
    ("data capsules " + FILE + "/new",
     FILE + "/new: cannot be written: File exists"),
    ("data capsules {folder}/new --size 8",
     "Invalid value for '--size': 8 is not in the range x>=16."),
    ("data capsules {folder}/new --seed -1",
     "Invalid value for '--seed': -1 is not in the range x>=0."),
    ("data draw", "No such command 'draw'."),
    ("draw", "No such command 'draw'."),
]  # fmt: skip


@pytest.mark.parametrize("command, message", ROWS)
def test_a_bad_argument_is_named(
    command, message, detector, category, tmp_path
):
    (tmp_path / "file").write_text("x")
    refuse(command, message, tmp_path, detector=detector, category=category)


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_that_cannot_be(format, detector, tmp_path):
    backend = keras.backend.backend()
    row = find_format(format)
    needs, best = row.needs.get(backend), next(iter(row.needs))
    advice = f"try KERAS_BACKEND={best} kerasad export --format {format} ..."
    # The suffix of no format, and a folder that is no SavedModel.
    target, suffix = tmp_path / "model.zip", row.suffix
    if not suffix:
        target.mkdir()
        (target / "mine.txt").write_text("x")
    message = (
        f"{target}: format {format} is a file that ends in {suffix}; use "
        f"{tmp_path / 'model'}{suffix}"
    )
    if not suffix:
        message = (
            f"{target}: holds other things than a SavedModel; choose a new or "
            "empty folder"
        )
    if needs is None:
        message = f"format {format} cannot be exported on the {backend} "
        message += f"backend; {advice}"
    elif (format, backend) in {("litert", "torch"), ("tf_saved_model", "jax")}:
        message = f"format {format} with the score top-fraction cannot be "
        message += f"exported on the {backend} backend; {advice}"
    elif missing := [name for name in needs if not installed(name)]:
        message = f"format {format} on the {backend} backend needs "
        message += f"{', '.join(missing)}: pip install {' '.join(missing)}"
    command = f"export {{file}} --format {format} -o {target}"
    refuse(command, message, tmp_path, file=detector)


NOTHING = [
    ("{folder}/empty", "{folder}/empty: no readable image files in this "
     "folder"),
    ("{folder}/empty/*.png", "{folder}/empty/*.png: no image matches"),
    ("{folder}/**/*.png", "{folder}/**/*.png: no image matches"),
    ("{folder}/none.png", "{folder}/none.png: no such file"),
    ("{folder}/" + "x" * 300, "{folder}/" + "x" * 300 + ": cannot be read: "
     "File name too long"),
]  # fmt: skip


@pytest.mark.parametrize("path, message", NOTHING)
def test_nothing_to_predict(path, message, detector, tmp_path):
    (tmp_path / "empty").mkdir()
    path = path.replace("{folder}", str(tmp_path))
    message = message.replace("{folder}", str(tmp_path))
    result = run("predict", detector, path, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {"path": path, "error": message}
    assert result.stderr == "1 images could not be read\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "line, path",
    [
        (b"a\0b.png\n", "a\0b.png"),
        (b"\xff\xfe.png", "\udcff\udcfe.png"),
        (b" \r\n", " "),
    ],
)
def test_odd_lines_on_stdin(line, path, detector):
    result = run("predict", detector, "-", input=line)
    assert result.exit_code == 2
    error = {"path": path, "error": f"{path}: no such file"}
    assert json.loads(result.stdout) == error
    assert "Traceback" not in result.stderr


def test_an_empty_stdin_is_no_mistake(detector):
    result = succeed("predict", detector, "-", input=b"\n\n")
    assert result.output == ""
