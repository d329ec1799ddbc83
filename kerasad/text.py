"""Names of files and folders, which may hold anything, and counts as text."""


def counted(number, noun) -> str:
    """
    >>> counted(1, "image"), counted(2, "image")
    ('1 image', '2 images')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text) -> str:
    r"""What does not print, shown as an escape: no control of a terminal.

    >>> print(one_line("a\n\x1b[31mb"))
    a\n\x1b[31mb
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode()
        for c in str(text)
    )


def cell(text) -> str:
    """For a CSV file: a spreadsheet takes no name for a formula.

    >>> cell("=1+1")
    "'=1+1"
    """
    text = one_line(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
