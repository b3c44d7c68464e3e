"""Taking many blocks at once: which lists they come off, and what the last split leaves.

Linux splits block by block (``expand`` in 6.1's ``mm/page_alloc.c``): the low half goes on, each
upper half to the head of its list. A request for many walks each block to its end, because the
halves it leaves are the lowest orders there are, so only the last block keeps a rest.
"""

import numpy as np
from numpy.typing import NDArray

from balloonkit.events import Listener, Split, Took
from balloonkit.guest.blocks import MAX_ORDER, Pfns, join_pfns

__all__ = ["take_split"]


def take_split(
    free: NDArray[np.bool_],
    lists: list[Pfns],
    zone: int,
    n: int,
    order: int,
    listener: Listener | None = None,
) -> Pfns:
    """Take up to `n` blocks of one zone, and bring mask and free lists up to date.

    Parameters
    ----------
    free : bool, shape (a multiple of 1024,)
        Which pages are free; changed.
    lists : list of PFN arrays
        The zone's, by order: first pages of the free blocks, head first; changed.
    zone : int
        What the listener is told.
    n, order : int
        How many blocks, and of what order.
    listener : Listener, optional
        Told of each list that gave blocks, and of what the last split left.

    Returns
    -------
    pfns : array of uint32, shape (m,), m <= n
        First pages, in the order they are handed out.

    Examples
    --------
    >>> free, none = np.ones(1024, bool), np.empty(0, np.uint32)
    >>> lists = [none] * MAX_ORDER + [np.zeros(1, np.uint32)]
    >>> take_split(free, lists, 0, 3, 0)
    array([0, 1, 2], dtype=uint32)
    >>> [(order, pfns.tolist()) for order, pfns in enumerate(lists) if len(pfns)][:2]
    [(0, [3]), (2, [4])]
    """
    taken = []
    for at_order in range(order, MAX_ORDER + 1):
        if n == 0:
            break
        blocks = lists[at_order]
        split = at_order - order  # each block here makes 2^split of those asked for
        used = min(len(blocks), -(-n >> split))
        if not used:
            continue
        lists[at_order] = blocks[used:]
        steps = np.arange(1 << split, dtype=np.uint32) << np.uint32(order)
        parts = (blocks[:used, None] + steps).ravel()
        rest_pfn = end_pfn = int(blocks[used - 1]) + (1 << at_order)
        if len(parts) > n:
            rest_pfn = int(parts[n])
        if split:
            _list_rest(lists, zone, at_order, blocks[:used], rest_pfn, n == 1, listener)
        taken.append(parts[:n])
        free.reshape(-1, 1 << at_order)[blocks[:used] >> np.uint32(at_order)] = False
        free[rest_pfn:end_pfn] = True
        n -= len(taken[-1])
        if listener is not None:
            listener.tell(Took(zone, order, taken[-1], listed=not split))
    return join_pfns(taken)


def _list_rest(
    lists: list[Pfns],
    zone: int,
    order: int,
    blocks: Pfns,
    rest_pfn: int,
    single: bool,
    listener: Listener | None,
) -> None:
    """List what the last of `blocks` keeps from `rest_pfn` on, from the top down.

    All lists below are empty, so these become their only entries. A block that is split alone is
    told half by half, as the kernel splits it.
    """
    uppers: list[tuple[int, int]] = []
    while rest_pfn & ((1 << order) - 1):
        uppers.append(((rest_pfn & -rest_pfn).bit_length() - 1, rest_pfn))
        rest_pfn += 1 << uppers[-1][0]
    for at_order, pfn in reversed(uppers):
        lists[at_order] = np.append(lists[at_order][:0], np.uint32(pfn))
        if single and listener is not None:
            half = ((at_order, pfn),)
            listener.tell(Split(zone, at_order + 1, blocks, half, listed=at_order + 1 == order))
    if not single and listener is not None:
        listener.tell(Split(zone, order, blocks, tuple(uppers[::-1]), listed=True))
