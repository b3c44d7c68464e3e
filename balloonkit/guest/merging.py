"""Freeing many blocks at once: which of them merge, and where on its list each result goes.

Linux frees block by block (``__free_one_page`` in 6.1's ``mm/page_alloc.c``). But whether a block
ends up merged depends only on *when* each of its pages became free, and a tree of maxima over those
moments tells that for all blocks of all orders together.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from balloonkit.events import Freed, Listener, Merged
from balloonkit.guest.blocks import MAX_ORDER, TOP_PAGES, Pfns
from balloonkit.guest.zones import Zone

__all__ = ["merge_freed"]

_NEVER = np.int32(2**31 - 1)  # a page that is not free; later than any moment


def merge_freed(
    free: NDArray[np.bool_],
    lists: Sequence[list[Pfns]],
    zones: Sequence[Zone],
    pages: Pfns,
    block_pages: int,
    listener: Listener | None = None,
) -> None:
    """Free pages that are allocated, and bring mask and free lists up to date.

    Parameters
    ----------
    free : bool, shape (a multiple of 1024,)
        Which pages are free; changed.
    lists : sequence of list of PFN arrays
        By zone, then order: first pages of the free blocks, head first; changed.
    zones : sequence of Zone
    pages : array of uint32, shape (n,)
        In the sequence they are freed in.
    block_pages : int
        How many of them are freed at one moment.
    listener : Listener, optional
        Told of blocks that merge and of those that join a list, lowest order first.

    Examples
    --------
    >>> free, lists = np.zeros(1024, bool), [[np.array([], np.uint32)] * 11]
    >>> merge_freed(free, lists, [Zone("DMA", 0, 1024)], np.array([5, 8, 4], np.uint32), 1)
    >>> [blocks.tolist() for blocks in lists[0][:3]]
    [[8], [4], []]
    """
    touched = np.zeros(len(free) // TOP_PAGES, bool)
    touched[pages // TOP_PAGES] = True
    rows = np.flatnonzero(touched)
    row_of = (np.cumsum(touched) - 1)[pages // TOP_PAGES]
    # The moment each page became free: 0 before this call, then 1, 2, ... in sequence.
    since = np.where(free.reshape(-1, TOP_PAGES)[rows], np.int32(0), _NEVER)
    moments = np.arange(1, len(pages) // block_pages + 1, dtype=np.int32)
    since[row_of, pages % TOP_PAGES] = np.repeat(moments, block_pages)
    free[pages] = True
    # A block is whole once its last page is free: level by level, the later of two halves.
    whole = [since]
    for _ in range(MAX_ORDER):
        whole.append(np.maximum(whole[-1][:, ::2], whole[-1][:, 1::2]))
    for index, (zone, mine) in enumerate(zip(zones, lists, strict=True)):
        # A row holds pages of one zone: zones start on whole ones, or at page 1 as the first.
        inside = zone.holds(np.maximum(rows * TOP_PAGES, zones[0].start_pfn))
        if inside.any():
            levels = [level[inside] for level in whole]
            _merge_zone(index, mine, rows[inside], levels, listener)


def _merge_zone(
    zone: int,
    lists: list[Pfns],
    rows: NDArray[np.integer],
    whole: list[NDArray[np.int32]],
    listener: Listener | None,
) -> None:
    """Bring one order's list after the other up to date; tell what left and what joined it."""
    for order in range(MAX_ORDER + 1):
        moments = whole[order]
        merged = np.zeros(moments.shape, bool)
        if order < MAX_ORDER:
            merged = np.repeat(whole[order + 1] != _NEVER, 2, axis=1)
        kept, gone = lists[order], lists[order][:0]
        if merged.any() and len(kept):
            at = np.minimum(np.searchsorted(rows, kept // TOP_PAGES), len(rows) - 1)
            touched = rows[at] == kept // TOP_PAGES
            left = touched & merged[at, (kept % TOP_PAGES) >> np.uint32(order)]
            kept, gone = kept[~left], kept[left]
        if listener is not None and len(gone):
            lists[order] = kept
            listener.tell(Merged(zone, order, gone))
        row, column = np.nonzero((moments > 0) & (moments != _NEVER) & ~merged)
        when = moments[row, column]
        by_time = np.argsort(when)
        row, column, when = row[by_time], column[by_time], when[by_time]
        to_tail = np.zeros(len(when), bool)
        if order < MAX_ORDER - 1:
            to_tail = whole[order + 1][row, (column >> 1) ^ 1] <= when
        new = (rows[row] * TOP_PAGES + (column << order)).astype(np.uint32)
        heads, tails = new[~to_tail], new[to_tail]
        lists[order] = np.concatenate((heads[::-1], kept, tails))
        if listener is not None and len(new):
            listener.tell(Freed(zone, order, heads, tails))
