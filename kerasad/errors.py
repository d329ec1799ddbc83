"""Mistakes that the user can mend."""


class InputError(ValueError):
    """Names the file or key, says what was expected and what to do.

    The command line prints its text as one line and exits with status 2.
    """


def one_line(text) -> str:
    """The text with control characters shown, as file names may hold them."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode()
        for c in str(text)
    )
