"""The exercises' problems and checks: nothing for a right answer, advice for a wrong one.

The texts are notebooks in ``exercises/``, made from the solutions in ``exercises/solutions/``.
"""

from balloonkit.questions import Advice

__all__ = ["tell"]


def tell(advice: Advice | None) -> None:
    """Print what a check found.

    Examples
    --------
    >>> tell(None)
    Right.
    >>> tell(Advice("Page 7 is missing.", "Count again."))
    Not yet. Page 7 is missing. Count again.
    """
    print("Right." if advice is None else f"Not yet. {advice}")
