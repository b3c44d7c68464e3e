"""The steps of one inflate as plain data: what happened, to which pages, and why.

Figure, text table, step player, exercise and test all read this one trace. It is made by
`balloonkit.stepper.trace_inflate`.
"""

from dataclasses import dataclass
from typing import Any

__all__ = ["COUNTERS", "PAGE_STATES", "Step", "Trace"]

#: What is counted after each step.
COUNTERS = ("pages", "messages", "bytes", "translations", "releases")
#: Numbers that stand for a guest page's state.
PAGE_STATES = {"hole": 0, "in use": 1, "free": 2, "in balloon": 3}


@dataclass(frozen=True)
class Step:
    """One thing that happened.

    Attributes
    ----------
    kind : str
        split, take, round, mark, run, chunk, pfn, send, translate, release or ack.
    base, pages : int
        The guest's pages it is about: first PFN and how many.
    why : str
        What happened and for what reason.
    counters : tuple of int
        Running totals after the step, in the sequence of `COUNTERS`.
    changes : dict
        What changed, by pane; see `Trace.as_dict`.
    """

    kind: str
    base: int
    pages: int
    why: str
    counters: tuple[int, ...]
    changes: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the step as plain data."""
        shown = {"kind": self.kind, "base": self.base, "pages": self.pages, "why": self.why}
        return shown | self.changes | {"counters": list(self.counters)}


@dataclass(frozen=True)
class Trace:
    """Where an inflate began, and its steps.

    Attributes
    ----------
    setup : dict
        ``title``, ``span`` (PFNs), ``page_kib``, ``zones``, ``initial`` (page states as run
        lengths, free lists by zone and order), ``format``, ``max_entries``, ``regions``, ``scale``.
    steps : tuple of Step
    """

    setup: dict[str, Any]
    steps: tuple[Step, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the whole trace as plain data, ready for JSON.

        Beside kind, base, pages, why and counters, a step's keys say what changed: ``lists``
        (["-", zone, order, pfn] removed, "+" added at the head), ``state`` ([pfn, pages, state]),
        ``bitmap`` (laid anew), ``bits`` ([first bit, bits]), ``entries`` ([index, base, size] of
        the message, in 4 KiB pages), ``clear`` (the message was emptied), ``message`` (bytes in
        hex and ring indices), ``ranges`` ([guest page, pages, host page]), ``host`` ([host page,
        pages, resident]).
        """
        return self.setup | {
            "counters": list(COUNTERS),
            "steps": [step.as_dict() for step in self.steps],
        }
