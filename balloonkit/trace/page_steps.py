"""Steps of the guest's allocator: events that belong together are held until they are complete.

A refill, a split or a drain is told in several events; one step, or a few, say what they did.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from balloonkit import events as told
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.trace import words
from balloonkit.trace.changes import lists_changed, stock_changed
from balloonkit.trace.where import marked_as, reach, spans

__all__ = ["PageSteps"]

_FREE, _BALLOON = PAGE_STATES["free"], PAGE_STATES["in balloon"]
_E = TypeVar("_E")


class PageSteps:
    """Words what allocator and per-CPU lists tell.

    Parameters
    ----------
    note : callable (kind, span, why, at, changes)
        Takes a step.
    totals : dict of str to int
        The trace's counters; "allocations" is counted here.
    zones : sequence
        Of the guest, as the trace's start names them.
    by_blocks : bool
        Whether the driver allocates a block at a time.

    Examples
    --------
    >>> noted = []
    >>> steps = PageSteps(lambda *step, **more: noted.append(step[0]), {"allocations": 0}, [], True)
    >>> steps.tell(1, told.Took(0, 0, np.array([7], np.uint32), listed=True)), noted
    (True, ['take'])
    """

    def __init__(
        self,
        note: Callable[..., None],
        totals: dict[str, int],
        zones: Sequence[Any],
        by_blocks: bool,
    ) -> None:
        self._note, self._totals, self._zones, self._by_blocks = note, totals, zones, by_blocks
        self._at = 0
        self._held: list[tuple[int, told.Event]] = []  # not worded yet
        self._missing_pages = 0  # drained, and not on a free list yet
        self._word: dict[type[told.Event], Callable[[Any], None]] = {
            told.Split: self._hold,
            told.Took: self._took,
            told.Refilled: self._hold,
            told.HandedOut: self._handed_out,
            told.Stocked: self._hold,
            told.Drained: self._drained,
            told.Merged: self._list_left,
            told.Freed: self._list_joined,
        }

    def tell(self, at: int, event: told.Event) -> bool:
        """Word or hold event number `at`; tell whether it was the allocator's."""
        if len(self._held) == 1 and not isinstance(event, told.Drained):
            self.end()
        self._at = at
        word = self._word.get(type(event))
        if word is not None:
            word(event)
        return word is not None

    def end(self) -> None:
        """Word pages that were put in stock, and drained nothing."""
        for at, event in self._of(told.Stocked):
            self._held = []
            self._stocked(at, event)

    # Pages leave the allocator

    def _hold(self, event: told.Event) -> None:
        self._held.append((self._at, event))

    def _of(self, kind: type[_E]) -> list[tuple[int, _E]]:
        return [(at, event) for at, event in self._held if isinstance(event, kind)]

    def _took(self, event: told.Took) -> None:
        self._hold(event)
        if self._by_blocks:
            self._totals["allocations"] += len(event.pfns)
            self._splits(single=len(event.pfns) == 1)
            lists = lists_changed(event for _, event in self._held)
            taken = spans(event.pfns, 1 << event.order)
            state = marked_as(taken, _BALLOON)
            self._note("take", reach(taken), words.block(event), lists=lists, state=state)
            self._held = []

    def _handed_out(self, event: told.HandedOut) -> None:
        self._totals["allocations"] += len(event.pfns)
        refills = [(at, e.pfns) for at, e in self._of(told.Refilled)]
        drawn = np.concatenate([event.pfns[:0], *(pfns for _, pfns in refills)])
        one = len(event.pfns) == 1
        first_block = words.first_block(self._held)
        self._splits(single=one and len(drawn) == 1)
        lists = lists_changed(e for _, e in self._held)
        self._held = []
        if one and len(drawn) > 1:
            span = reach(spans(drawn))
            why = words.refill(event.zone, drawn, self._zones)
            stock = [["t", event.zone, drawn.tolist()]]
            self._note("refill", span, why, at=refills[-1][0], lists=lists, stock=stock)
            drawn, lists = drawn[:0], []
        stock = stock_changed(event.zone, drawn, event.pfns)
        taken = spans(event.pfns)
        state = marked_as(taken, _BALLOON)
        why = words.take(event.pfns, bool(stock), first_block)
        self._note("take", reach(taken), why, lists=lists, stock=stock, state=state)

    def _splits(self, single: bool) -> None:
        """Note a split of one block as a step of its own, and let go of it."""
        for at, split in self._of(told.Split) if single else ():
            why, pfn = words.split(split), int(split.pfns[0])
            lists = lists_changed([split])
            self._note("split", (pfn, 1 << split.order), why, at=at, lists=lists)
        if single:
            kept = [held for held in self._held if not isinstance(held[1], told.Split)]
            self._held = kept

    # Pages come back

    def _stocked(self, at: int, event: told.Stocked) -> None:
        freed = spans(event.pfns)
        stock = [["+", event.zone, event.pfns.tolist()]]
        why, state = words.back(event.pfns), marked_as(freed, _FREE)
        self._note("back", reach(freed), why, at=at, stock=stock, state=state)

    def _drained(self, event: told.Drained) -> None:
        self._hold(event)
        self._missing_pages = len(event.pfns)

    def _list_left(self, event: told.Merged) -> None:
        self._hold(event)
        self._missing_pages += len(event.pfns) << event.order

    def _list_joined(self, event: told.Freed) -> None:
        self._hold(event)
        self._missing_pages -= len(event.heads) + len(event.tails) << event.order
        if self._missing_pages == 0:
            self._freed()

    def _freed(self) -> None:
        [(_, drained)] = self._of(told.Drained)
        stocked = self._of(told.Stocked)
        together = [e.pfns for _, e in stocked if len(e.pfns) > 1 or e.pfns[0] == drained.pfns[0]]
        if stocked and not together:
            self._stocked(*stocked[0])
        back = np.concatenate([drained.pfns[:0], *together])
        stock = stock_changed(drained.zone, back, drained.pfns, at_head=True)
        freed = spans(np.union1d(back, drained.pfns))
        state = marked_as(freed, _FREE)
        if len(drained.pfns) == 1:
            for at, left in self._of(told.Merged):
                both = (int(left.pfns[0]) & -(2 << left.order), 2 << left.order)
                self._note("merge", both, words.merge(left), at=at, stock=stock, state=state,
                           lists=lists_changed([left]))  # fmt: skip
                stock, state = [], []
            [(_, joined)] = self._of(told.Freed)
            pfn = int(np.concatenate((joined.heads, joined.tails))[0])
            self._note("free", (pfn, 1 << joined.order), words.free(joined), stock=stock,
                       state=state, lists=lists_changed([joined]))  # fmt: skip
        else:
            lists = lists_changed(event for _, event in self._held)
            why = words.drain(len(back), len(drained.pfns))
            self._note("drain", reach(freed), why, stock=stock, state=state, lists=lists)
        self._held = []
