"""What events change, in the words of a trace: lists left and joined, and pages in stock."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.events import Event, Freed, Merged, Split, Took
from balloonkit.trace.step import Step

__all__ = ["lists_changed", "merged", "stock_changed"]

Change = list[Any]


def lists_changed(events: Iterable[Event]) -> list[Change]:
    """Say which blocks left ("-") and joined lists at the head ("+") or the tail ("t").

    A block that came and went in between is left out.

    Examples
    --------
    >>> pfns = np.array([8], np.uint32)
    >>> lists_changed([Split(0, 3, pfns, ((2, 12),), listed=True), Took(0, 2, pfns, listed=False)])
    [['-', 0, 3, 8], ['+', 0, 2, 12]]
    """
    gone: list[Change] = []
    came: dict[tuple[int, int], dict[int, str]] = {}  # by zone and order, in the sequence they came

    def left(zone: int, order: int, pfns: NDArray[np.uint32]) -> None:
        mine = came.get((zone, order), {})
        for pfn in pfns.tolist():
            if mine.pop(pfn, None) is None:
                gone.append(["-", zone, order, pfn])

    def joined(zone: int, order: int, pfns: Iterable[int], sign: str) -> None:
        mine = came.setdefault((zone, order), {})
        for pfn in pfns:
            mine[pfn] = sign

    for event in events:
        match event:
            case Split(zone, order, pfns, uppers, listed):
                if listed:
                    left(zone, order, pfns)
                for upper_order, pfn in uppers:
                    joined(zone, upper_order, [pfn], "+")
            case Took(zone, order, pfns, True):
                left(zone, order, pfns)
            case Merged(zone, order, pfns):
                left(zone, order, pfns)
            case Freed(zone, order, heads, tails):
                joined(zone, order, heads.tolist(), "+")
                joined(zone, order, tails.tolist(), "t")
    return gone + [
        [sign, zone, order, pfn]
        for (zone, order), mine in came.items()
        for pfn, sign in mine.items()
    ]


def stock_changed(
    zone: int, came: NDArray[np.uint32], went: NDArray[np.uint32], at_head: bool = False
) -> list[Change]:
    """Say what a per-CPU stock lost and gained when pages came to its tail, or head, and went.

    Examples
    --------
    >>> stock_changed(1, came=np.array([4, 5, 6]), went=np.array([3, 4]))
    [['-', 1, [3]], ['t', 1, [5, 6]]]
    """
    gone = went[~np.isin(went, came, assume_unique=True)]
    kept = came[~np.isin(came, went, assume_unique=True)]
    changes: list[Change] = []
    if len(gone):
        changes.append(["-", zone, gone.tolist()])
    if len(kept):
        changes.append(["+" if at_head else "t", zone, kept.tolist()])
    return changes


def merged(kind: str, why: str, steps: Sequence[Step]) -> Step:
    """Make one step of several that follow each other: the state after it is that of the last.

    Examples
    --------
    >>> steps = [Step("release", 4, 2, "", (1,), {}, 1), Step("release", 9, 1, "", (2,), {}, 2)]
    >>> step = merged("messages", "two messages", steps)
    >>> step.base, step.pages, step.counters
    (4, 6, (2,))
    """
    changes: dict[str, Any] = {"clear": True}
    for step in steps:
        for pane, change in step.changes.items():
            if pane in ("host", "reject", "bits", "state"):
                changes.setdefault(pane, []).extend(change)
            elif pane == "bitmap":
                changes[pane] = change
                changes.pop("bits", None)
            elif pane == "message":
                changes[pane] = change
    covered = [(step.base, step.base + step.pages) for step in steps if step.pages]
    first = min((start for start, _ in covered), default=0)
    pages = max((end for _, end in covered), default=0) - first
    last = steps[-1]
    return Step(kind, first, pages, why, last.counters, changes, last.events)
