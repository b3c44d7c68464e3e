"""The terminal the command prints on, and how errors are said there: in one line."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "report_errors"]

# A terminal is never narrower; COLUMNS=0 comes from shells that do not know.
_LEAST_COLUMNS, _USUAL_COLUMNS = 20, 80

#: The extra that brings a module, by the first part of its name.
_EXTRAS = {
    **dict.fromkeys(("IPython", "anywidget", "ipywidgets", "matplotlib", "traitlets"), "notebooks"),
    "qemu": "live",
    **dict.fromkeys(("nbclient", "nbformat", "sphinx", "myst_parser", "furo"), "site"),
    **dict.fromkeys(("jupyterlite_core", "jupyterlite_pyodide_kernel"), "site"),
}


def console(stderr: bool = False) -> "Console":
    """Return a console of the terminal's width; 80 columns where COLUMNS says nothing sensible.

    Examples
    --------
    >>> console().width >= 20
    True
    """
    from rich.console import Console  # here: what prints JSON alone need not wait for it

    columns = os.environ.get("COLUMNS", "")
    useless = columns.isdigit() and int(columns[:6]) < _LEAST_COLUMNS
    return Console(stderr=stderr, highlight=False, width=_USUAL_COLUMNS if useless else None)


def report_errors(act: Callable[[], int | None]) -> int:
    """Do something for the command and return its exit status; an error is said in one line.

    Examples
    --------
    >>> report_errors(lambda: None), report_errors(lambda: 1)
    (0, 1)
    """
    try:
        return act() or 0
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        print(
            f"balloonkit: {error}. Install it: pip install 'balloonkit[{extra}]'", file=sys.stderr
        )
        return 1
    except (ValueError, MemoryError, OSError, RuntimeError) as error:
        print(f"balloonkit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("balloonkit: interrupted", file=sys.stderr)
        return 130
