"""Configs: each key's limits, what does not go together, and broken YAML."""

import pytest

from tests.cli.conftest import succeed
from tests.cli.refusals import refuse

CORRUPTION = "a weight, 0 or more, for some of texture, patch, "
CORRUPTION += "seamless, colour, scratch, blur, erase, deform"
LISTED = "one or more whole numbers in [1, 4096]"
MODEL_ONE = "method=model_one "
MAPS = "one of squared-error, mse-ssim, gradient"
NO_HEAD = f"{MAPS} where the network has no head"
FUSED = " of method fused"
EPOCH = f"unknown config key 'epoch'{FUSED}; did you mean 'epochs'?"

# settings, the key that is named, what it must be, what is shown of it
KEYS = [
    ("image_size=0", "image_size", "in [8, 4096]", "0"),
    ("image_size=-64", "image_size", "in [8, 4096]", "-64"),
    ("image_size=1000000", "image_size", "in [8, 4096]", "1000000"),
    ("image_size=64.0", "image_size", "a whole number", "64.0"),
    ("image_size=", "image_size", "a whole number", "None"),
    ("image_size=100", "image_size",
     "a multiple of 16, which is stem * 2^(levels - 1)", "100"),
    ("image_size=16 crop=16", "image_size", "at least 32 for a patch memory",
     "16"),
    ("seed=-1", "seed", "in [0, 4294967295]", "-1"),
    ("seed=4294967296", "seed", "in [0, 4294967295]", "4294967296"),
    ("stem=0", "stem", "in [1, 64]", "0"),
    ("stem=5 crop=0 image_size=240", "stem",
     "1, 3 or even where the network has a head", "5"),
    ("filters=[]", "filters", LISTED, "()"),
    ("filters=[-8]", "filters", LISTED, "(-8,)"),
    ("filters=16", "filters", "a list", "16"),
    ("filters=[8,a]", "filters", "a whole number", "'a'"),
    ("filters=[[8]]", "filters", "a whole number", "[8]"),
    ("dilations=[0]", "dilations", LISTED, "(0,)"),
    ("blocks=0", "blocks", "in [1, 64]", "0"),
    ("sdc_from=-1", "sdc_from", "at least 0", "-1"),
    ("crop=512", "crop", "0, or a multiple of 16 up to image_size", "512"),
    ("crop=5", "crop", "0, or a multiple of 16 up to image_size", "5"),
    ("corruption=[patch]", "corruption",
     "names with numbers, such as {patch: 1, blur: 0.5}", "['patch']"),
    ("corruption={}", "corruption", CORRUPTION, "{}"),
    ("corruption={'tear':1}", "corruption", CORRUPTION, "{'tear': 1.0}"),
    ("corruption={'blur':0}", "corruption", CORRUPTION, "{'blur': 0.0}"),
    ("patches=[3,1]", "patches", "a rising pair in [1, 99]", "(3, 1)"),
    ("patches=[1]", "patches", "a rising pair in [1, 99]", "(1,)"),
    ("patch_size=[0,1]", "patch_size", "a rising pair in [0.001, 1]",
     "(0.0, 1.0)"),
    ("opacity=[1,0.3]", "opacity", "a rising pair in [0, 1]", "(1.0, 0.3)"),
    ("rotation=-10", "rotation", "in [0, 180]", "-10.0"),
    ("jitter=-1", "jitter", "at least 0", "-1"),
    ("light=5", "light", "in [0, 1]", "5.0"),
    (MODEL_ONE + "alpha=nan", "alpha", "a finite number", "'nan'"),
    ("learning_rate=.inf", "learning_rate", "a finite number", "inf"),
    ("learning_rate=0", "learning_rate", "positive", "0.0"),
    ("weight_decay=-1", "weight_decay", "at least 0", "-1.0"),
    ("batch_size=0", "batch_size", "at least 1", "0"),
    ("epochs=true", "epochs", "a whole number", "True"),
    ("context=1", "context", "true or false", "1"),
    ("name=7", "name", "text", "7"),
    ("name=../away", "name", "a name for a folder, without slashes",
     "'../away'"),
    ("validation_share=1", "validation_share",
     "between 0 and 1: the threshold needs held-out normal images", "1.0"),
    ("sigma=1e6", "sigma", "in [0, 4096]", "1000000.0"),
    ("memory_images=0", "memory_images", "at least 1", "0"),
    ("top_fraction=0", "top_fraction", "in (0, 1]", "0.0"),
    ("score=sum", "score", "one of mean, max, top-fraction", "'sum'"),
    ("registration=pose", "registration", "one of none, auto", "'pose'"),
    ("localise=map", "localise", "one of by-place, raw", "'map'"),
    ("folds=1", "folds", "at least 2", "1"),
    ("fpr=2", "fpr", "between 0 and 1", "2.0"),
    ("threshold=iqr k=nan", "k", "a finite number", "'nan'"),
    ("threshold=iqr k=-1", "k", "at least 0", "-1.0"),
    ("k=3", "k", "null with the threshold conformal, which has no k", "3.0"),
    ("threshold=mad fpr=0.1", "fpr",
     "null with the threshold mad, which has no fpr", "0.1"),
    ("head=false", "anomaly_map", NO_HEAD, "'segmentation'"),
    ("methods=[ssae]", "methods", "a list of two or more methods",
     "['ssae']"),
    (MODEL_ONE + "anomaly_map=segmentation", "anomaly_map",
     MAPS, "'segmentation'"),
    (MODEL_ONE + "loss=masked", "loss", "one of mse, mse_ssim", "'masked'"),
    (MODEL_ONE + "anomaly_map=gradient depth=9", "image_size",
     "a multiple of 512, which is 2^depth", "256"),
    (MODEL_ONE + "depth=1000000", "depth", "in [1, 12]", "1000000"),
]  # fmt: skip


@pytest.mark.parametrize("settings, key, expected, received", KEYS)
def test_a_bad_setting_is_named(
    settings, key, expected, received, category, tmp_path
):
    changes = [f"--set={setting}" for setting in settings.split()]
    command = ["train", "--data", category, "--out", "{folder}/out", *changes]
    message = f"config key {key!r} must be {expected}. Received: {received}"
    refuse(command, message, tmp_path)


SETTINGS = [
    ("epochs", "--set takes KEY=VALUE, such as epochs=10. Received: 'epochs'"),
    ("", "--set takes KEY=VALUE, such as epochs=10. Received: ''"),
    ("=3", "unknown config key '' of method fused"),
    ("epoch=3", EPOCH),
    ("epochs=[", "--set epochs: not readable YAML: while parsing a flow node "
     "expected the node content, but found '<stream end>' at line 1, column "
     "2: [ ^"),
    ("filters=[&a 8, *a]", "--set filters: the alias *a is not allowed; write "
     "out what it stands for"),
]  # fmt: skip


@pytest.mark.parametrize("setting, message", SETTINGS)
def test_a_bad_option_is_quoted(setting, message, category, tmp_path):
    arguments = ["train", "--data", category, "--out", "{folder}/out"]
    refuse([*arguments, "--set", setting], message, tmp_path)


LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\nfilters: [*b, *b]\n"
MERGED = "a: &a {epochs: 3}\n<<: [*a, *a]\n"
ALIAS = "{file}: the alias *a is not allowed; write out what it stands for"
UNREADABLE = "{file}: not readable YAML: "
FILES = {
    "a list": (b"- 1\n- 2\n", "{file}: must hold flat `key: value` lines"),
    "a word": (b"epochs", "{file}: must hold flat `key: value` lines"),
    "a number as key": (b"1: 2", "unknown config key 1 of method fused"),
    "no key": (b"null: 2", f"unknown config key None{FUSED}; "
               "did you mean 'context'?"),
    "a list as key": (b"? [1]\n: 2", UNREADABLE + "while constructing a "
                      "mapping at line 1, column 1: ? [1] ^ found unhashable "
                      "key at line 1, column 3: ? [1] ^"),
    "a key twice": (b"epochs: 3\nseed: 1\nepochs: 4\n",
                    "{file}: config key 'epochs' is given twice"),
    "a long key": (b"x" * 1000 + b": 2",
                   "unknown config key '" + "x" * 27 + "..." + "x" * 28
                   + f"'{FUSED}"),
    "an unknown key": (b"epoch: 2",
                       EPOCH),
    "nested keys": (b"method:\n  depth: 2", "config key 'method' must be one "
                    "of feature_memory, fused, lsr, model_one, patch_memory, "
                    "ssae, vqvae2, or the name of a module of yours that "
                    "--import brought. Received: "
                    "\"{'depth': 2}\""),
    "billion laughs": (LAUGHS.encode(), ALIAS),
    "merged laughs": (MERGED.encode(), ALIAS),
    "a list in itself": (b"filters: &a [*a]", ALIAS),
    "too deep": (b"filters: " + b"[" * 50000, "{file}: lists in lists in "
                 "lists; a config is flat `key: value` lines"),
    "no such date": (b"seed: 2020-13-45",
                     UNREADABLE + "month must be in 1..12"),
    "a huge float": (b"light: " + b"9" * 400,
                     "config key 'light' must be a finite number. Received: "
                     + "9" * 18 + "..." + "9" * 19),
    "two documents": (b"---\nseed: 1\n---\nseed: 2", UNREADABLE + "expected a "
                      "single document in the stream at line 2, column 1: "
                      "seed: 1 ^ but found another document at line 3, column "
                      "1: --- ^"),
    "an object": (b"name: !!python/object:os.system x", UNREADABLE + "could "
                  "not determine a constructor for the tag 'tag:yaml.org,2002:"
                  "python/object:os.system' at line 1, column 7: name: "
                  "!!python/object:os.system x ^"),
    "cut short": (b"filters: [1, 2", UNREADABLE + "while parsing a flow "
                  "sequence at line 1, column 10: filters: [1, 2 ^ expected "
                  "',' or ']', but got '<stream end>' at line 1, column 15: "
                  "filters: [1, 2 ^"),
    "an image": (b"\x89PNG\r\n\x1a\n\0\0", UNREADABLE + "'utf-8' codec can't "
                 "decode byte 0x89 in position 0: invalid start byte"),
    "zero bytes": (bytes(8), UNREADABLE + "unacceptable character #x0000: "
                   "special characters are not allowed at position 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_named(name, category, tmp_path):
    content, message = FILES[name]
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    train = "train --config {file} --data {category} --out {folder}/out"
    refuse(train, message, tmp_path, file=path, category=category)
    refuse("configs {file}", message, tmp_path, file=path)


RECIPES = (
    "2a, 2b, 2c, accurate, best, c1, default, ds1, ds2, e2, e4, e5, fast, h1, "
    "h2, lsr, luo, m7, memory, robust, vqvae2"
)


@pytest.mark.parametrize("name", ["{folder}", "{folder}/no.yaml", ""])
def test_neither_a_recipe_nor_a_file(name, tmp_path):
    message = f"config '{name}' is neither a recipe ({RECIPES}) nor a file"
    refuse(["configs", name], message, tmp_path)
    refuse(["train", "--config", name], message, tmp_path)


def test_an_empty_file_is_the_default(tmp_path):
    (tmp_path / "default.yaml").write_bytes(b"\xef\xbb\xbf# nothing\n")
    shown = succeed("configs", tmp_path / "default.yaml").stdout
    assert shown == succeed("configs", "default").stdout
