"""The terminal the command prints on, whatever its environment says about it."""

import os

from rich.console import Console

__all__ = ["console"]

# A terminal is never narrower; COLUMNS=0 comes from shells that do not know.
_LEAST_COLUMNS, _USUAL_COLUMNS = 20, 80


def console(stderr: bool = False) -> Console:
    """Return a console of the terminal's width; 80 columns where COLUMNS says nothing sensible.

    Examples
    --------
    >>> console().width >= 20
    True
    """
    columns = os.environ.get("COLUMNS", "")
    useless = columns.isdigit() and int(columns[:6]) < _LEAST_COLUMNS
    return Console(stderr=stderr, highlight=False, width=_USUAL_COLUMNS if useless else None)
