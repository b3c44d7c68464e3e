"""What is expected to differ, as data: by QEMU version, family and kind, with the reason.

A family that is not listed must agree. The list of a version holds for it and for later ones up to
the next list; an older QEMU is measured by the oldest list.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from balloonkit.duel.found import Duel

__all__ = ["Expected", "Surprise", "expected_differences", "surprises"]


@dataclass(frozen=True)
class Expected:
    """A difference that is known.

    Attributes
    ----------
    family, difference : str
    follows : {"the kit", "QEMU", "both"}
        Who keeps to the specification; both where it leaves the matter open.
    why : str
    """

    family: str
    difference: str
    follows: Literal["the kit", "QEMU", "both"]
    why: str


@dataclass(frozen=True)
class Surprise:
    """What was not expected: a kind of outcome, or the absence of one."""

    family: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.family}: {self.found or 'both do the same'}, but expected: " + (
            self.expected or "both do the same"
        )


@cache
def _lists() -> dict[str, tuple[Expected, ...]]:
    text = (files("balloonkit.duel") / "expected.json").read_text("utf-8")
    return {v: tuple(Expected(**one) for one in listed) for v, listed in json.loads(text).items()}


def expected_differences(qemu_version: str) -> tuple[str, dict[str, Expected]]:
    """Return the version whose list holds for a QEMU, and its differences by family.

    Examples
    --------
    >>> version, expected = expected_differences("7.2.22")
    >>> version, expected["empty buffer"].difference
    ('7.2', 'only QEMU breaks; only the kit returns it')
    """
    lists = _lists()
    known = sorted(lists, key=_number)
    holds = [version for version in known if _number(version) <= _number(qemu_version)]
    version = holds[-1] if holds else known[0]
    return version, {one.family: one for one in lists[version]}


def _number(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def surprises(duel: Duel, expected: Iterable[Expected]) -> list[Surprise]:
    """List what differs from what is expected: both new kinds and known ones that did not show."""
    wanted = {one.family: one.difference for one in expected}
    return [
        Surprise(family, wanted.get(family, ""), found)
        for family, found in duel.seen
        if found != wanted.get(family, "")
    ]
