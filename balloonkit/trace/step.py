"""The steps of one run as plain data: what happened, to which pages, and why.

Figure, text table, step player, exercise and test all read this one trace; `balloonkit.trace`
makes it from what the machine tells.
"""

from dataclasses import dataclass, fields
from typing import Any

from balloonkit.costs import Counts
from balloonkit.trace.window import PlainTrace, crop

__all__ = ["COUNTERS", "STAGE_OF", "Step", "Trace"]

#: What is counted after each step: what a report counts.
COUNTERS = tuple(field.name for field in fields(Counts))
#: Which of the four stages each kind of step belongs to.
STAGE_OF = {
    **dict.fromkeys(("split", "refill", "take", "puff"), "allocate"),
    **dict.fromkeys(("back", "merge", "free", "drain"), "allocate"),
    **dict.fromkeys(("round", "mark", "run", "chunk", "pfn", "send", "pop", "ack"), "send"),
    **dict.fromkeys(("messages", "reset"), "send"),
    **dict.fromkeys(("translate", "refuse"), "translate"),
    **dict.fromkeys(("release", "wait", "give back", "touch"), "release"),
}


@dataclass(frozen=True)
class Step:
    """One thing that happened.

    Attributes
    ----------
    kind : str
        One of `STAGE_OF`.
    base, pages : int
        The guest's pages it is about: first PFN, and how many up to the last.
    why : str
        What happened and for what reason.
    counters : tuple of int
        Running totals after the step, in the sequence of `COUNTERS`.
    changes : dict
        What changed, by pane; see `Trace.as_dict`.
    events : int
        How many events the run had told when this step was complete.
    """

    kind: str
    base: int
    pages: int
    why: str
    counters: tuple[int, ...]
    changes: dict[str, Any]
    events: int = 0

    @property
    def stage(self) -> str:
        """The stage it belongs to: allocate, send, translate or release."""
        return STAGE_OF[self.kind]

    def as_dict(self) -> dict[str, Any]:
        """Return the step as plain data."""
        shown = {"kind": self.kind, "base": self.base, "pages": self.pages, "why": self.why}
        return shown | self.changes | {"counters": list(self.counters)}


@dataclass(frozen=True)
class Trace:
    """Where a run began, and its steps.

    Attributes
    ----------
    setup : dict
        ``title``, ``span`` (PFNs), ``page_kib``, ``zones``, ``initial`` (page states as run
        lengths, free lists by zone and order, per-CPU stock by zone, released host pages),
        ``format``, ``entry``, ``max_entries``, ``regions``, ``scale``; ``unseen``, if there are
        counters nobody could count: plain data leaves them out.
    steps : tuple of Step
    """

    setup: dict[str, Any]
    steps: tuple[Step, ...]

    def as_dict(self, window: tuple[int, int] | None = None) -> PlainTrace:
        """Return the trace as plain data, ready for JSON: whole, or cropped to a window.

        Parameters
        ----------
        window : (int, int), optional
            First PFN and number of pages to keep; the others are counted, see `crop`.

        Notes
        -----

        Beside kind, base, pages, why and counters, a step's keys say what changed: ``lists``
        (["-", zone, order, pfn] removed, "+" added at the head, "t" at the tail), ``stock``
        (["-", zone, pfns] gone, "+" added at the head one after the other, "t" at the tail),
        ``state`` ([pfn, pages, state]), ``bitmap`` (laid anew), ``bits`` ([first bit, bits]),
        ``entries`` ([index, base, size] of the message, in 4 KiB pages), ``clear`` (the message
        was emptied), ``message`` (queue, bytes in hex and ring indices; None after a reset),
        ``ranges`` ([balloon page, pages, host page]), ``host`` ([host page, pages, resident]),
        ``reject`` ([entry or None, reason, detail]).
        """
        seen = [n for n, name in enumerate(COUNTERS) if name not in self.setup.get("unseen", ())]
        whole = self.setup | {
            "counters": [COUNTERS[n] for n in seen],
            "stages": STAGE_OF,
            "steps": [
                step.as_dict() | {"counters": [step.counters[n] for n in seen]}
                for step in self.steps
            ],
        }
        return whole if window is None else crop(whole, window)
