"""What a benchmark finds: figures with their goals.

What is compared runs in turn, A B A B, so that a noisy minute meets both; and of the repeats the
least counts, as other processes only ever add time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

__all__ = ["Measurement", "alternate", "timed"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class Measurement:
    """One figure of this machine.

    Attributes
    ----------
    section, name : str
    value : float
    unit : str
        "x" (a ratio), "share", "ms", "s", "GB" (10^9 bytes) or "" (a pure number).
    measured : dict of str to float
        What the value is made of: the least of the repeats, in seconds unless the name ends in a
        unit.
    at_most, at_least : float, optional
        The goal, where there is one.

    Examples
    --------
    >>> Measurement("pack", "idle-8g", 2.5, "x", {"numpy": 4e-5, "C": 1.6e-5}, at_most=3).met
    True
    """

    section: str
    name: str
    value: float
    unit: str
    measured: dict[str, float]
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.at_most is not None:
            return self.value <= self.at_most
        if self.at_least is not None:
            return self.value >= self.at_least
        return None

    def as_dict(self) -> dict[str, Any]:
        """Return the figure as plain data."""
        return vars(self) | {"met": self.met}


def alternate(
    actions: Mapping[str, Callable[[], _T]], repeats: int, done: Callable[[], None]
) -> dict[str, list[_T]]:
    """Run every action in turn, `repeats` times over: A B A B, and collect what each returns.

    Examples
    --------
    >>> alternate({"a": lambda: 1, "b": lambda: 2}, 2, lambda: None)
    {'a': [1, 1], 'b': [2, 2]}
    """
    results: dict[str, list[_T]] = {name: [] for name in actions}
    for _ in range(repeats):
        for name, action in actions.items():
            results[name].append(action())
            done()
    return results


def timed(action: Callable[[], object]) -> float:
    """Return the seconds `action` takes."""
    start_s = perf_counter()
    action()
    return perf_counter() - start_s
