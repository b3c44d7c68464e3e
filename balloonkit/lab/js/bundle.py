"""Load the browser's scripts and style sheets."""

from pathlib import Path

__all__ = ["scripts", "styles"]

_FOLDER = Path(__file__).parent


def scripts(*names: str) -> str:
    """Return the named modules as one, in this order.

    Examples
    --------
    >>> scripts("alive").startswith("// ")
    True
    """
    return "\n".join((_FOLDER / f"{name}.js").read_text() for name in names)


def styles(*names: str) -> str:
    """Return the named style sheets as one, in this order.

    Examples
    --------
    >>> ".balloonkit-meter" in styles("meter")
    True
    """
    return "\n".join((_FOLDER / f"{name}.css").read_text() for name in names)
