"""Mistakes that the user can mend."""


class InputError(ValueError):
    """Names the file or key, says what was expected and what to do.

    The command line prints its text as one line and exits with status 2.
    """
