"""HTML from Python, escaped unless it is HTML already."""

import html
import json

VOID = {"img", "input", "link", "meta"}


class Markup(str):
    """Text that is HTML already."""


def tag(name, *children, **attributes) -> Markup:
    """An element; children that are not `Markup` are text.

    A trailing underscore of an attribute falls, others become hyphens; `True`
    is an attribute without value, `None` and `False` are none.

    >>> tag("a", "1 < 2", class_="x", data_row=3)
    '<a class="x" data-row="3">1 &lt; 2</a>'
    """
    head = name
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        head += " " + key.rstrip("_").replace("_", "-")
        if value is not True:
            head += f'="{text(value)}"'
    if name in VOID:
        return Markup(f"<{head}>")
    return Markup(f"<{head}>{join(children)}</{name}>")


def join(children) -> Markup:
    return Markup("".join(text(child) for child in children))


def text(value) -> Markup:
    """A value as text of an element or of a quoted attribute.

    What has no printed form (control characters, line separators, the halves
    of a file name that is no text) becomes a replacement character.
    """
    if isinstance(value, Markup):
        return value
    shown = (c if c.isprintable() else "\ufffd" for c in str(value))
    return Markup(html.escape("".join(shown)))


def island(data) -> Markup:
    """JSON that nothing inside can end or turn into HTML.

    >>> island(["</script>"])
    '["\\\\u003c/script\\\\u003e"]'
    """
    source = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        source = source.replace(character, f"\\u{ord(character):04x}")
    return Markup(source)
