"""The recipes that come with kerasad, and keys and values from YAML.

Without Keras, so that a slip in a name is told at once.
"""

import difflib
from pathlib import Path

import yaml

from kerasad.errors import InputError

DEEPEST = 5  # of lists and mappings in a config; the loader recurses


def config_folder() -> Path:
    """Where the recipes lie: inside the wheel, or beside it in a checkout."""
    here = Path(__file__).parent
    packaged = here / "configs"
    return packaged if packaged.is_dir() else here.parent / "configs"


def names() -> list[str]:
    """Names of the recipes that come with kerasad."""
    return sorted(path.stem for path in config_folder().glob("*.yaml"))


def read_recipe(source: str, settings=()) -> dict:
    """Keys and values of a recipe by name or file, `KEY=VALUE` texts on top.

    Raises:
        InputError: no such recipe, or unreadable YAML.
    """
    path = config_folder() / f"{source}.yaml"
    if not path.is_file():
        path = Path(source)
        if not path.is_file():
            near = difflib.get_close_matches(source, names(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InputError(
                f"config {source!r} is neither a recipe ({', '.join(names())})"
                f" nor a file{hint}"
            )
    values = read_yaml(path)
    values.setdefault("name", path.stem)
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise InputError(
                f"--set takes KEY=VALUE, such as epochs=10. "
                f"Received: {setting!r}"
            )
        values[name] = parse_yaml(text, f"--set {name}")
    return values


def read_yaml(path) -> dict:
    """Keys and values of a flat YAML file; `InputError` if it is none."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable YAML: {error}") from error
    values = parse_yaml(text, path)
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise InputError(f"{path}: must hold flat `key: value` lines")
    return values


def parse_yaml(text, source):
    """The value that a text of YAML stands for; `source` is for the user."""
    try:
        check_events(text, source)
        return yaml.safe_load(text)
    except InputError:
        raise
    except (yaml.YAMLError, ValueError) as error:  # such as the 45th of May
        reason = " ".join(str(error).split())
        reason = reason.replace('in "<unicode string>", ', "at ")
        raise InputError(f"{source}: not readable YAML: {reason}") from error


def check_events(text, source):
    """Refuses what YAML would take: repeated keys, aliases, deep nesting.

    A few lines of aliases can stand for billions of values.
    """
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InputError(
                f"{source}: lists in lists in lists; a config is "
                "flat `key: value` lines"
            )
        if isinstance(event, yaml.AliasEvent):
            raise InputError(
                f"{source}: the alias *{event.anchor} is not allowed; write "
                "out what it stands for"
            )
    node = yaml.compose(text, yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for name, _ in node.value:
        if str(name.value) in seen:
            raise InputError(
                f"{source}: config key {name.value!r} is given twice"
            )
        seen.add(str(name.value))
