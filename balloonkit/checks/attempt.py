"""Running a learner's function: whatever it does becomes a result or advice."""

from collections.abc import Callable
from typing import Any

from balloonkit.questions import Advice

__all__ = ["attempt"]


def attempt(function: Callable[..., Any], shown: str, *arguments: Any) -> Any:
    """Call `function`, and return what it returns, or an `Advice` if it does not get that far.

    Parameters
    ----------
    shown : str
        What it is called with, in words.

    Examples
    --------
    >>> print(attempt(lambda pages: pages[0], "no pages", []))
    For no pages your function raises IndexError: list index out of range. Try it with this input.
    """
    try:
        result = function(*arguments)
    except Exception as error:  # whatever a learner's code raises is theirs to read
        where = f"For {shown} your function raises {type(error).__name__}: {error}."
        return Advice(where, "Try it with this input.", "raises")
    if result is None or result is ...:
        where = f"For {shown} your function returns nothing."
        return Advice(where, "End it with return and the result.", "nothing-returned")
    return result
