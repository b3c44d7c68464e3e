"""What events change, in the words of a trace: lists left and joined, pages in stock, spans."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.events import Event, Freed, Merged, Split, Took
from balloonkit.trace.step import Step

__all__ = ["lists_changed", "merged", "spans", "stock_changed"]

Change = list[Any]


def spans(pfns: NDArray[np.uint32], pages: int = 1) -> list[list[int]]:
    """Write blocks of `pages` pages as (first, pages) of what touches, ascending.

    Examples
    --------
    >>> spans(np.array([9, 3, 4], np.uint32))
    [[3, 2], [9, 1]]
    """
    if not len(pfns):
        return []
    firsts = np.sort(pfns).astype(np.int64)
    starts = np.flatnonzero(np.diff(firsts, prepend=firsts[0] - 2 * pages) != pages)
    counts = np.diff(np.append(starts, len(firsts))) * pages
    return np.stack((firsts[starts], counts), axis=1).tolist()  # type: ignore[no-any-return]


def lists_changed(events: Iterable[Event]) -> list[Change]:
    """Say which blocks left ("-") and joined lists at the head ("+") or the tail ("t").

    A block that came and went in between is left out.
    """
    changes: dict[tuple[int, int, int], list[str]] = {}

    def left(zone: int, order: int, pfn: int) -> None:
        signs = changes.setdefault((zone, order, pfn), [])
        if signs and signs[-1] != "-":
            signs.pop()
            if not signs:
                del changes[zone, order, pfn]
        else:
            signs.append("-")

    def joined(zone: int, order: int, pfn: int, sign: str) -> None:
        key = (zone, order, pfn)
        changes[key] = [*changes.pop(key, []), sign]  # at its new place in the sequence

    for event in events:
        match event:
            case Split(zone, order, pfns, uppers, listed):
                for pfn in pfns.tolist() if listed else ():
                    left(zone, order, pfn)
                for upper_order, pfn in uppers:
                    joined(zone, upper_order, pfn, "+")
            case Took(zone, order, pfns, listed):
                for pfn in pfns.tolist() if listed else ():
                    left(zone, order, pfn)
            case Merged(zone, order, pfns):
                for pfn in pfns.tolist():
                    left(zone, order, pfn)
            case Freed(zone, order, heads, tails):
                for pfn in heads.tolist():
                    joined(zone, order, pfn, "+")
                for pfn in tails.tolist():
                    joined(zone, order, pfn, "t")
    return [[sign, *key] for key, signs in changes.items() for sign in signs]


def stock_changed(
    zone: int, came: NDArray[np.uint32], went: NDArray[np.uint32], at_head: bool = False
) -> list[Change]:
    """Say what a per-CPU stock lost and gained when pages came to its tail, or head, and went."""
    gone = went[~np.isin(went, came)]
    kept = came[~np.isin(came, went)]
    changes: list[Change] = []
    if len(gone):
        changes.append(["-", zone, gone.tolist()])
    if len(kept):
        changes.append(["+" if at_head else "t", zone, kept.tolist()])
    return changes


def merged(kind: str, why: str, steps: Sequence[Step]) -> Step:
    """Make one step of several that follow each other: the state after it is that of the last."""
    changes: dict[str, Any] = {"clear": True}
    for step in steps:
        for pane, change in step.changes.items():
            if pane in ("host", "reject", "bits"):
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
