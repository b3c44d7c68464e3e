"""Free memory as the largest aligned blocks: what is free decides which blocks there are.

The kernel merges buddies whenever it can, so at any moment its free blocks are the maximal ones:
rebuilt from the page flags of real guests they equal ``/proc/buddyinfo`` exactly.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MAX_ORDER",
    "TOP_PAGES",
    "Block",
    "Pfns",
    "check_order",
    "expand",
    "join_pfns",
    "maximal_blocks",
]

#: Largest order: ``MAX_ORDER - 1`` in Linux 6.1.
MAX_ORDER = 10
#: Pages in a block of the largest order: 1024, 4 MiB of 4 KiB pages.
TOP_PAGES = 1 << MAX_ORDER

#: Page frame numbers, shape (n,): 32 bits, like the classic wire, reach 16 TiB of 4 KiB pages.
Pfns = NDArray[np.uint32]


class Block(NamedTuple):
    """A free block: its first page, and its order."""

    pfn: int
    order: int


def check_order(order: int) -> None:
    """Raise ValueError unless there are blocks of this order.

    Examples
    --------
    >>> check_order(11)
    Traceback (most recent call last):
    ValueError: order 11: give one between 0 and 10
    """
    if not 0 <= order <= MAX_ORDER:
        raise ValueError(f"order {order}: give one between 0 and {MAX_ORDER}")


def maximal_blocks(free: NDArray[np.bool_]) -> list[Pfns]:
    """Find the first PFNs of the largest aligned free blocks, ascending, one array per order 0..10.

    Parameters
    ----------
    free : bool, shape (pages,)
        Index is the PFN; what lies beyond the last is not free.

    Examples
    --------
    >>> free = np.zeros(1024, bool)
    >>> free[3:8] = True
    >>> [blocks.tolist() for blocks in maximal_blocks(free)[:3]]
    [[3], [], [4]]
    """
    whole, blocks = np.pad(free, (0, -len(free) % TOP_PAGES)), []
    for order in range(MAX_ORDER):
        halves = whole.reshape(-1, 2)
        whole = halves[:, 0] & halves[:, 1]
        single = np.flatnonzero((halves & ~whole[:, None]).ravel())
        blocks.append((single << order).astype(np.uint32))
    blocks.append((np.flatnonzero(whole) * TOP_PAGES).astype(np.uint32))
    return blocks


def expand(first_pfns: Pfns, pages: int) -> Pfns:
    """Spell out blocks of `pages` pages each: every PFN, block after block, ascending inside.

    Examples
    --------
    >>> expand(np.array([8, 0], np.uint32), 2).tolist()
    [8, 9, 0, 1]
    """
    steps: Pfns = np.arange(pages, dtype=np.uint32)
    return np.add.outer(first_pfns, steps).ravel()


def join_pfns(parts: Iterable[Pfns]) -> Pfns:
    """Put arrays one after the other; the only one that is not empty is returned as it is.

    Examples
    --------
    >>> join_pfns([np.array([], np.uint32), np.array([8, 9], np.uint32)]).tolist()
    [8, 9]
    """
    filled = [part for part in parts if len(part)]
    if len(filled) == 1:
        return filled[0]
    return np.concatenate(filled) if filled else np.empty(0, np.uint32)
