"""What the allocator and its per-CPU lists report. PFNs are the guest's own page numbers."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AllocatorEvent",
    "Drained",
    "Freed",
    "HandedOut",
    "Merged",
    "Refilled",
    "Split",
    "Stocked",
    "Took",
]

_Pages = NDArray[np.uint32]


class Split(NamedTuple):
    """Blocks of one order were cut; upper parts, (order, PFN) each, went to the heads of lists.

    One block at a time loses one upper half; it was on its list only if `listed`, else it is the
    low half of the split before.
    """

    zone: int
    order: int
    pfns: _Pages
    uppers: tuple[tuple[int, int], ...]
    listed: bool


class Took(NamedTuple):
    """Blocks of `order` were handed out, off the head of their list or as what a split left."""

    zone: int
    order: int
    pfns: _Pages
    listed: bool


class Merged(NamedTuple):
    """Free blocks left their list: each is now half of a larger block, with its buddy."""

    zone: int
    order: int
    pfns: _Pages


class Freed(NamedTuple):
    """Blocks joined the head of their list, in this sequence, or its tail."""

    zone: int
    order: int
    heads: _Pages
    tails: _Pages


class Refilled(NamedTuple):
    """Pages just taken from the free lists joined the end of the per-CPU stock."""

    zone: int
    pfns: _Pages


class HandedOut(NamedTuple):
    """Pages left the head of the per-CPU stock for whoever asked."""

    zone: int
    pfns: _Pages


class Stocked(NamedTuple):
    """Freed pages joined the head of the per-CPU stock, one after the other."""

    zone: int
    pfns: _Pages


class Drained(NamedTuple):
    """The oldest pages of the stock leave it, in this sequence, for the free lists."""

    zone: int
    pfns: _Pages


#: Whatever this one tells.
AllocatorEvent = Split | Took | Merged | Freed | Refilled | HandedOut | Stocked | Drained
