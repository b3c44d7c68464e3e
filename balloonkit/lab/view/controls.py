"""What a learner moves: a slider, a menu, a check box, a box to paste into."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from balloonkit.find import BINARY_MARK

__all__ = ["Choice", "Control", "Paste", "Range", "Switch"]


@dataclass(frozen=True)
class Range:
    """A slider for a number.

    Attributes
    ----------
    name, label : str
        The model's trait, and what to call it.
    low, step : float
    high : float or str
        The end of the slider, or the attribute of the model that says it.
    help : str
        One sentence for a newcomer.
    unit : str
    """

    name: str
    label: str
    low: float
    high: float | str
    step: float
    help: str = ""
    unit: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs."""
        return {"kind": "range"} | vars(self)


@dataclass(frozen=True)
class Choice:
    """A menu of named values: (text, value) pairs."""

    name: str
    label: str
    options: Sequence[tuple[str, Any]]
    help: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs."""
        return {"kind": "choice"} | vars(self)


@dataclass(frozen=True)
class Switch:
    """A check box."""

    name: str
    label: str
    help: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs."""
        return {"kind": "switch"} | vars(self)


@dataclass(frozen=True)
class Paste:
    """A box for someone's text or file; it goes to the kernel and nowhere else.

    The model's trait is a text: what was pasted, or of a file that is none the bytes in base64
    behind `BINARY_MARK`; empty when nothing was.
    """

    name: str
    label: str
    help: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs."""
        return {"kind": "paste", "mark": BINARY_MARK} | vars(self)


#: What a view can have under its title.
Control = Range | Choice | Switch | Paste
