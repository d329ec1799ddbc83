"""Numbers of several seeds in one cell of a table."""


def mean_and_range(values, digits) -> str:
    """`0.900 (0.880 to 0.920)`; the number alone if there is one.

    >>> mean_and_range([0.9, 0.88, 0.92], 3)
    '0.900 (0.880 to 0.920)'
    """
    mean = f"{sum(values) / len(values):.{digits}f}"
    if len(values) == 1:
        return mean
    return f"{mean} ({min(values):.{digits}f} to {max(values):.{digits}f})"
