"""Exercise 5, stage 1 by blocks: the optimisation the proposal left as a TODO."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.captures import load_capture
from balloonkit.checks.attempt import attempt
from balloonkit.guest import BuddyAllocator
from balloonkit.guest.blocks import MAX_ORDER
from balloonkit.predict import guest_of
from balloonkit.questions import Advice

__all__ = ["check_blocks"]

_WHY = {
    "too-many": "The guest loses pages nobody asked for. Take a block only while at least that "
    "many pages are still wanted.",
    "gave-up": "Pages are still free. When an order has no block, or its blocks are too large for "
    "what is left, go on with the next smaller one.",
    "page-by-page": "Each call brings one page. Ask for the largest order that is still wanted.",
    "too-many-calls": "Smaller blocks are taken while larger ones are still free. Begin with order "
    "10 and go down.",
    "not-taken": "The allocator still has it as free: return what buddy.take(n, order) gave you.",
}


def check_blocks(function: Callable[[BuddyAllocator, int], Any]) -> Advice | None:
    """Try a learner's block allocation on small guests, then on a real one.

    Parameters
    ----------
    function : callable (buddy, pages) -> list of (first page, order)
        Takes its blocks with ``buddy.take(n, order)`` or ``buddy.alloc(order)``.

    Examples
    --------
    >>> print(check_blocks(lambda buddy, pages: [(page, 0) for page in buddy.take(pages).tolist()]))
    For 64 of 1024 free pages: 64 calls where 1 would do. Each call brings one page. Ask for the \
largest order that is still wanted.
    """
    fresh = np.ones(1024, bool)
    holes = fresh.copy()
    holes[::100] = False
    small = fresh[:64].copy()
    small[5] = False
    real = guest_of(load_capture("aged-1g")).buddy
    cases: list[tuple[str, BuddyAllocator, int]] = [
        ("64 of 1024 free pages", BuddyAllocator.from_free_mask(fresh), 64),
        ("1000 of 1024 free pages", BuddyAllocator.from_free_mask(fresh), 1000),
        ("500 of 1013 free pages with holes", BuddyAllocator.from_free_mask(holes), 500),
        ("100 pages where 63 are free", BuddyAllocator.from_free_mask(small), 100),
        ("100,000 pages of the real guest aged-1g", real, 100_000),
    ]
    for shown, buddy, pages in cases:
        advice = _try(function, shown, buddy, pages)
        if advice is not None:
            return advice
    return None


def _try(
    function: Callable[[BuddyAllocator, int], Any], shown: str, buddy: BuddyAllocator, pages: int
) -> Advice | None:
    best = _reference(buddy.copy(), pages)
    free_before = buddy.free_mask.copy()
    result = attempt(function, shown, buddy, pages)
    if isinstance(result, Advice):
        return result
    try:
        blocks = np.asarray(result, np.int64).reshape(-1, 2)
    except (ValueError, TypeError):
        why = "Return a list of pairs, like [(0, 6), (64, 2)]."
        return Advice(f"For {shown} the result is {result!r:.80}.", why, "no-blocks")
    got = _pages(blocks)
    wanted = int((1 << best[:, 1]).sum())
    taken = free_before & ~buddy.free_mask
    still_free = got[~taken[got]]
    if len(still_free):
        return _advice("not-taken", f"For {shown}: page {still_free[0]} is not yours.")
    if taken.sum() > wanted:
        extra = np.setdiff1d(np.flatnonzero(taken), got[:wanted])[0]
        where = f"For {shown}: {taken.sum()} pages are taken, page {extra} is one too many."
        return _advice("too-many", where)
    if len(got) < wanted:
        left = np.flatnonzero(buddy.free_mask)[0]
        return _advice("gave-up", f"For {shown}: {len(got)} pages, and page {left} is still free.")
    if len(blocks) > len(best):
        mistake = "page-by-page" if len(blocks) == len(got) else "too-many-calls"
        return _advice(mistake, f"For {shown}: {len(blocks)} calls where {len(best)} would do.")
    return None


def _reference(buddy: BuddyAllocator, pages: int) -> NDArray[np.int64]:
    blocks = []
    for order in range(MAX_ORDER, -1, -1):
        for pfn in buddy.take(pages >> order, order).tolist():
            blocks.append((pfn, order))
            pages -= 1 << order
    return np.array(blocks, np.int64).reshape(-1, 2)


def _pages(blocks: NDArray[np.int64]) -> NDArray[np.int64]:
    ranges = [np.arange(pfn, pfn + (1 << order)) for pfn, order in blocks.tolist()]
    return np.concatenate([np.empty(0, np.int64), *ranges])


def _advice(mistake: str, where: str) -> Advice:
    return Advice(where, _WHY[mistake], mistake)
