"""The buddy allocator: free memory as aligned blocks of 2^order pages, in lists by order.

Free memory is kept as the largest aligned blocks it allows, so a mask of free pages says *which*
blocks there are; the lists add *in what sequence* they will be handed out. Every operation works
on arrays: one page is an array of one, an 8 GiB guest an array of two million, by the same rules
(Linux 6.1 ``mm/page_alloc.c``):

* allocate (``__rmqueue_smallest``, ``expand``): the head of the lowest order that has a block;
  a larger block is split, the **low** half goes on, each upper half to the head of its list;
* free (``__free_one_page``): a block merges with its buddy, at pfn XOR 2^order, while that is
  free, and the result goes to the head of its list, or to the tail when it is likely to merge
  again soon: below order 9, with the parent's buddy free (``buddy_merge_likely``).

What makes arrays possible: a request for single pages walks a block upwards to its end, because
the halves it leaves are the lowest orders there are; `balloonkit.guest.merging` has the other half.
"""

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.events import Listener, pieces
from balloonkit.guest.blocks import (
    MAX_ORDER,
    TOP_PAGES,
    Block,
    Pfns,
    check_order,
    expand,
    join_pfns,
    maximal_blocks,
)
from balloonkit.guest.list_order import ListOrder
from balloonkit.guest.merging import merge_freed
from balloonkit.guest.splitting import take_split
from balloonkit.guest.zones import Zone, above_watermarks, check_spans, x86_zones

__all__ = ["BuddyAllocator", "OutOfPagesError"]


class OutOfPagesError(MemoryError):
    """No zone can give a block of the order asked for without going below its watermark."""


class BuddyAllocator:
    """Free lists by zone and order over a mask of free pages.

    Build it with `from_free_mask`.

    Attributes
    ----------
    zones : tuple of Zone
        Lowest first.
    listener : Listener or None
        Told of every block that is split, handed out, merged or freed.

    Examples
    --------
    >>> import numpy as np
    >>> buddy = BuddyAllocator.from_free_mask(np.ones(8, bool))
    >>> buddy.alloc()
    0
    >>> buddy.buddyinfo()["DMA"][:4]
    [1, 1, 1, 0]
    >>> buddy.free(0)
    Block(pfn=0, order=3)
    """

    def __init__(
        self, free: NDArray[np.bool_], zones: Sequence[Zone], list_order: ListOrder
    ) -> None:
        self.zones = tuple(zones)
        self.listener: Listener | None = None
        self._span_pfns = len(free)
        # Rows of one top-order block: a block of any order is an aligned slice of one row.
        self._free = np.zeros(-(-len(free) // TOP_PAGES) * TOP_PAGES, bool)
        self._free[: len(free)] = free
        self._lists: list[list[Pfns]] = [[] for _ in self.zones]
        for order, blocks in enumerate(maximal_blocks(self._free)):
            for zone, lists in zip(self.zones, self._lists, strict=True):
                mine = blocks[zone.holds(blocks)]
                lists.append(mine[::-1] if list_order.highest_first(order) else mine)

    @classmethod
    def from_free_mask(
        cls,
        free: ArrayLike,
        zones: Sequence[Zone] | None = None,
        list_order: ListOrder = ListOrder.RUNNING,
    ) -> Self:
        """Rebuild the free lists of a guest from which of its pages are free.

        Parameters
        ----------
        free : bool, shape (pages,)
            Index is the PFN.
        zones : sequence of Zone, optional
            Lowest first, starting on multiples of 1024 pages; the x86-64 zones by default.
        list_order : ListOrder
            The sequence of the blocks inside each list.

        Raises
        ------
        ValueError
            If the mask is not one-dimensional bool, or a page is free outside every zone.
        """
        mask = np.asarray(free)
        if mask.ndim != 1 or mask.dtype != bool or not len(mask):
            raise ValueError(f"free mask of type {mask.dtype}, shape {mask.shape}: give bool (n,)")
        zones = x86_zones(len(mask)) if zones is None else zones
        check_spans(zones, len(mask))
        outside = mask.copy()
        for start_pfn, end_pfn in (part for zone in zones for part in zone.ranges):
            outside[start_pfn:end_pfn] = False
        if outside.any():
            raise ValueError(f"PFN {outside.argmax()}: free, but in no zone of this guest")
        return cls(mask, zones, list_order)

    def copy(self) -> Self:
        """Return an allocator in the same state, unheard; the two go on independently."""
        twin = object.__new__(type(self))
        twin.listener = None
        twin.zones, twin._span_pfns = self.zones, self._span_pfns
        twin._free = self._free.copy()
        twin._lists = [lists.copy() for lists in self._lists]  # arrays are replaced, never written
        return twin

    def put_in_order(self, blocks: ArrayLike) -> None:
        """Put the free lists in the sequence found on a running kernel.

        Parameters
        ----------
        blocks : integers, shape (blocks, 2)
            First PFN and order of every free block; those of one list head first.

        Raises
        ------
        ValueError
            If these are not the free blocks there are.
        """
        found = np.asarray(blocks, np.uint32).reshape(-1, 2)
        for zone, lists in zip(self.zones, self._lists, strict=True):
            inside = zone.holds(found[:, 0])
            for order, listed in enumerate(lists):
                mine = found[inside & (found[:, 1] == order), 0]
                if not np.array_equal(np.sort(mine), np.sort(listed)):
                    raise ValueError(
                        f"zone {zone.label}, order {order}: {len(mine)} blocks named, and they are "
                        f"not the {len(listed)} free ones"
                    )
                lists[order] = mine

    # What is free

    @property
    def free_mask(self) -> NDArray[np.bool_]:
        """Which pages are free: a read-only view, shape (pages,), index is the PFN."""
        view = self._free[: self._span_pfns]
        view.flags.writeable = False
        return view

    def free_list(self, zone: int, order: int) -> Pfns:
        """Return the first PFNs of the free blocks of one zone and order, head first."""
        return self._lists[zone][order]

    def free_pages(self, zone: int) -> int:
        """Count the free pages of one zone, given by its index."""
        return sum(len(blocks) << order for order, blocks in enumerate(self._lists[zone]))

    def buddyinfo(self) -> dict[str, list[int]]:
        """Count the free blocks at order 0..10 in each zone, as ``/proc/buddyinfo`` does."""
        return {
            zone.label: [len(blocks) for blocks in lists]
            for zone, lists in zip(self.zones, self._lists, strict=True)
        }

    def next_block(self, order: int = 0) -> Block | None:
        """Return the free block the next request of this order is cut from, if any."""
        for zone, _ in self.quotas(1, order):
            for at_order in range(order, MAX_ORDER + 1):
                if len(self._lists[zone][at_order]):
                    return Block(int(self._lists[zone][at_order][0]), at_order)
        return None

    # Allocate

    def alloc(self, order: int = 0) -> int:
        """Allocate one block of 2^order pages and return its first PFN.

        Raises
        ------
        OutOfPagesError
            If no zone above its watermark has such a block.
        """
        pfns = self.take(1, order)
        if not len(pfns):
            raise OutOfPagesError(f"no free block of order {order} above the watermarks")
        return int(pfns[0])

    def take(self, n: int, order: int = 0) -> Pfns:
        """Allocate up to `n` blocks of 2^order pages, as `n` calls of `alloc` would.

        Returns
        -------
        pfns : array of uint32, shape (m,), m <= n
            First pages, in the order they were handed out; fewer than `n` when the zones are
            down to their watermarks.
        """
        check_order(order)
        quotas = self.quotas(n, order)
        return join_pfns(self.take_from(zone, quota, order) for zone, quota in quotas)

    def quotas(self, n: int, order: int = 0) -> Iterator[tuple[int, int]]:
        """Say how many blocks each zone, given by its index, may give towards `n`.

        What was given is read from the free lists, so take it before asking for the next.
        """
        for zone, spare_pages in self.spares():
            lists = self._lists[zone]
            blocks = sum(len(lists[at]) << (at - order) for at in range(order, MAX_ORDER + 1))
            quota = min(n, spare_pages >> order, blocks)
            if quota:
                yield zone, quota
                n -= quota
            if not n:
                return

    def spares(self) -> Iterator[tuple[int, int]]:
        """Walk the zones as a request does; see `above_watermarks`."""
        return above_watermarks(self.zones, self.free_pages)

    def take_from(self, zone: int, n: int, order: int = 0) -> Pfns:
        """Allocate up to `n` blocks of one zone, whatever its watermark; see `take`."""
        lists = self._lists[zone]
        if self.listener is None:
            return take_split(self._free, lists, zone, n, order)
        return join_pfns(
            take_split(self._free, lists, zone, piece.stop - piece.start, order, self.listener)
            for piece in pieces(n, self.listener)
        )

    # Free

    def free(self, pfn: int, order: int = 0) -> Block:
        """Free one block of 2^order pages; return the free block it ended up in.

        Raises
        ------
        ValueError
            If the block is not aligned, outside every zone, or holds a free page already.
        """
        if pfn < 0:
            raise ValueError(f"PFN {pfn}: in no zone of this guest")
        self.give_back(np.array([pfn], np.uint32), order)
        for at_order in range(order, MAX_ORDER + 1):
            base_pfn = pfn & -(1 << at_order)
            parent_pfn = pfn & -(2 << at_order)
            if at_order == MAX_ORDER or not self._free[parent_pfn:][: 2 << at_order].all():
                break
        return Block(base_pfn, at_order)

    def give_back(self, pfns: ArrayLike, order: int = 0) -> None:
        """Free blocks of 2^order pages in the given sequence, as calls of `free` would.

        Parameters
        ----------
        pfns : integers, shape (n,)
            First pages of the blocks.

        Raises
        ------
        ValueError
            If a block is not aligned, outside every zone, free already or named twice; nothing is
            freed then.
        """
        check_order(order)
        bases = np.asarray(pfns, np.uint32)
        misaligned = bases % np.uint32(1 << order) > 0 if order else np.zeros(0, bool)
        if misaligned.any():
            pfn = bases[misaligned.argmax()]
            raise ValueError(f"PFN {pfn}: not aligned to a block of order {order}")
        pages = expand(bases, 1 << order)
        self.check_allocated(pages)
        for piece in pieces(len(bases), self.listener):
            part = pages[piece.start << order : piece.stop << order]
            merge_freed(self._free, self._lists, self.zones, part, 1 << order, self.listener)

    def check_allocated(self, pages: Pfns) -> None:
        """Raise ValueError, with the PFN, unless `pages` are allocated and named once each."""
        inside = np.any([zone.holds(pages) for zone in self.zones], axis=0)
        if not inside.all():
            raise ValueError(f"PFN {pages[~inside][0]}: in no zone of this guest")
        if self._free[pages].any():
            raise ValueError(f"PFN {pages[self._free[pages]][0]}: free already")
        in_order = np.sort(pages)
        twice = in_order[1:] == in_order[:-1]
        if twice.any():
            raise ValueError(f"PFN {in_order[1:][twice][0]}: freed twice in one call")
