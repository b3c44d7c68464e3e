"""The buddy allocator as the kernel has it: one block at a time, over plain lists.

`OneBlockAtATime` is the smallest version of `balloonkit.guest.buddy`, written to be read. Two of
its methods, `_rmqueue_smallest` and `_free_one_page`, are the whole of splitting and merging, by
the rules of Linux 6.1 (``mm/page_alloc.c``). The allocator on arrays does the same to two million
pages at once; after every block its free lists, and what it tells a listener, equal these.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from balloonkit.events import Event, Freed, Listener, Merged, Split, Took
from balloonkit.guest.blocks import MAX_ORDER, Block, Pfns, check_order
from balloonkit.guest.buddy import BuddyAllocator, OutOfPagesError
from balloonkit.guest.list_order import ListOrder
from balloonkit.guest.zones import Zone, above_watermarks

__all__ = ["OneBlockAtATime"]


class OneBlockAtATime:
    """Free lists as Python lists of first PFNs, by zone and order, head first.

    Parameters
    ----------
    buddy : BuddyAllocator
        Where to start: its zones, and its free lists as they are now. It goes on unchanged.

    Attributes
    ----------
    zones : tuple of Zone
        Lowest first.
    listener : Listener or None
        Told of every block that is split, handed out, merged or freed, one at a time.

    Examples
    --------
    >>> slow = OneBlockAtATime.from_free_mask([True] * 8)
    >>> slow.alloc()
    0
    >>> [slow.free_list(0, order) for order in range(4)]
    [[1], [2], [4], []]
    >>> slow.free(0)
    Block(pfn=0, order=3)
    """

    def __init__(self, buddy: BuddyAllocator) -> None:
        self.zones = buddy.zones
        self.listener: Listener | None = None
        self._lists: list[list[list[int]]] = [
            [buddy.free_list(zone, order).tolist() for order in range(MAX_ORDER + 1)]
            for zone in range(len(self.zones))
        ]

    @classmethod
    def from_free_mask(
        cls,
        free: ArrayLike,
        zones: Sequence[Zone] | None = None,
        list_order: ListOrder = ListOrder.RUNNING,
    ) -> Self:
        """Start from which pages are free; see `BuddyAllocator.from_free_mask`."""
        return cls(BuddyAllocator.from_free_mask(free, zones, list_order))

    def free_list(self, zone: int, order: int) -> list[int]:
        """Return the first PFNs of the free blocks of one zone and order, head first."""
        return self._lists[zone][order].copy()

    def free_pages(self, zone: int) -> int:
        """Count the free pages of one zone, given by its index."""
        return sum(len(blocks) << order for order, blocks in enumerate(self._lists[zone]))

    def buddyinfo(self) -> dict[str, list[int]]:
        """Count the free blocks at order 0..10 in each zone, as ``/proc/buddyinfo`` does."""
        return {
            zone.label: [len(blocks) for blocks in lists]
            for zone, lists in zip(self.zones, self._lists, strict=True)
        }

    def alloc(self, order: int = 0) -> int:
        """Allocate one block of 2^order pages and return its first PFN.

        Raises
        ------
        ValueError
            If there is no such order.
        OutOfPagesError
            If no zone above its watermark has such a block.
        """
        check_order(order)
        for zone, spare_pages in above_watermarks(self.zones, self.free_pages):
            if spare_pages >> order and any(self._lists[zone][order:]):
                return self._rmqueue_smallest(zone, order)
        raise OutOfPagesError(f"no free block of order {order} above the watermarks")

    def free(self, pfn: int, order: int = 0) -> Block:
        """Free one block of 2^order pages; return the free block it ended up in.

        Raises
        ------
        ValueError
            If the block is not aligned, outside every zone, or holds a free page already.
        """
        check_order(order)
        if pfn % (1 << order):
            raise ValueError(f"PFN {pfn}: not aligned to a block of order {order}")
        end_pfn = pfn + (1 << order)
        for index, zone in enumerate(self.zones):
            if zone.start_pfn <= pfn and end_pfn <= zone.end_pfn:
                self._check_allocated(index, pfn, end_pfn)
                return self._free_one_page(index, pfn, order)
        raise ValueError(f"PFN {pfn}: a block of order {order} there is in no zone")

    def _rmqueue_smallest(self, zone: int, order: int) -> int:
        """Take the head of the lowest order that has a block; halve it down to size (expand)."""
        lists = self._lists[zone]
        from_order = at_order = next(o for o in range(order, MAX_ORDER + 1) if lists[o])
        pfn = lists[at_order].pop(0)
        while at_order > order:
            listed = at_order == from_order
            at_order -= 1
            upper_pfn = pfn + (1 << at_order)
            lists[at_order].insert(0, upper_pfn)  # the low half goes on, the upper one stays free
            self._tell(Split(zone, at_order + 1, _array(pfn), ((at_order, upper_pfn),), listed))
        self._tell(Took(zone, order, _array(pfn), listed=from_order == order))
        return pfn

    def _free_one_page(self, zone: int, pfn: int, order: int) -> Block:
        """Merge the block with its buddy while that is free; put the result on its list."""
        lists = self._lists[zone]
        while order < MAX_ORDER and (buddy_pfn := pfn ^ (1 << order)) in lists[order]:
            lists[order].remove(buddy_pfn)
            self._tell(Merged(zone, order, _array(buddy_pfn)))
            pfn = min(pfn, buddy_pfn)
            order += 1
        parent_pfn = pfn & -(2 << order)
        # With the parent's buddy free it is likely to merge again soon (buddy_merge_likely).
        if order < MAX_ORDER - 1 and parent_pfn ^ (2 << order) in lists[order + 1]:
            lists[order].append(pfn)
            self._tell(Freed(zone, order, heads=_array(), tails=_array(pfn)))
        else:
            lists[order].insert(0, pfn)
            self._tell(Freed(zone, order, heads=_array(pfn), tails=_array()))
        return Block(pfn, order)

    def _tell(self, event: Event) -> None:
        if self.listener is not None:
            self.listener.tell(event)

    def _check_allocated(self, zone: int, pfn: int, end_pfn: int) -> None:
        for order, free_pfns in enumerate(self._lists[zone]):
            for free_pfn in free_pfns:
                if free_pfn < end_pfn and pfn < free_pfn + (1 << order):
                    raise ValueError(f"PFN {max(pfn, free_pfn)}: free already")


def _array(*pfns: int) -> Pfns:
    return np.array(pfns, np.uint32)
