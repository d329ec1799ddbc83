"""Whoever calls something public finds out what it does where it stands."""

import importlib
import inspect
import pkgutil

import kerasad

# What Keras asks of a layer is told by its class: "Call arguments".
BY_KERAS = {
    "build",
    "call",
    "compute_output_shape",
    "compute_output_spec",
    "get_config",
}


def public_members(module):
    """Names and objects of what a module defines and does not hide."""
    for name, value in vars(module).items():
        if name.startswith("_") or value is None:
            continue
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value):
            yield name, value
            for member, raw in vars(value).items():
                if member.startswith("_") or member in BY_KERAS:
                    continue
                inner = getattr(raw, "__func__", raw)
                if isinstance(inner, property) or (
                    inspect.isfunction(inner) and inner.__name__ == member
                ):
                    yield f"{name}.{member}", getattr(value, member)


def test_everything_public_has_a_docstring():
    seen, missing = 0, []
    for found in pkgutil.walk_packages(kerasad.__path__, "kerasad."):
        if found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for name, value in public_members(module):
            seen += 1
            if not inspect.getdoc(value):
                missing.append(f"{module.__name__}.{name}")
    assert not missing
    assert seen > 1000
