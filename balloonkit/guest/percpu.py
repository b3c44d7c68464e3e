"""Per-CPU lists: a stock of single pages in front of the free lists, for one CPU.

A CPU takes pages from its zone's free lists a batch at a time and hands them out one by one; pages
it frees go on the head of its stock, and when that is full the oldest batch goes back. Balloon
pages leave through it, so a page on a per-CPU list, which no flag shows and ``/proc/buddyinfo``
does not count, may be ballooned before any free block is (Linux 6.1 ``mm/page_alloc.c``,
``rmqueue_pcplist``, ``free_unref_page_commit``). Simplified: one CPU, order 0, a constant batch.
"""

import numpy as np
from numpy.typing import ArrayLike

from balloonkit.events import Drained, HandedOut, Listener, Refilled, Stocked, pieces
from balloonkit.guest.blocks import Pfns, join_pfns
from balloonkit.guest.buddy import BuddyAllocator

__all__ = ["PerCpuLists"]


class PerCpuLists:
    """One CPU's stock of pages in each zone of `buddy`.

    Attributes
    ----------
    buddy : BuddyAllocator
    listener : Listener or None
        Told of refills, of pages handed out and taken back, and of what is drained.

    Examples
    --------
    >>> from balloonkit.guest.zones import Zone
    >>> zone = Zone("Normal", 0, 1024, low_pages=100, batch=63)
    >>> percpu = PerCpuLists(BuddyAllocator.from_free_mask(np.ones(1024, bool), (zone,)))
    >>> percpu.take(3).tolist(), len(percpu.stock(0))
    ([0, 1, 2], 60)
    """

    def __init__(self, buddy: BuddyAllocator) -> None:
        self.buddy = buddy
        self.listener: Listener | None = None
        self._stocks = [np.empty(0, np.uint32) for _ in buddy.zones]

    def stock(self, zone: int) -> Pfns:
        """Return the pages in stock for a zone, given by its index, head first."""
        return self._stocks[zone]

    def put_in_stock(self, zone: int, pfns: Pfns) -> None:
        """Start with pages found on a running kernel's list, head first."""
        self._stocks[zone] = pfns

    def copy(self, buddy: BuddyAllocator) -> "PerCpuLists":
        """Return the same stock in front of `buddy`, a copy of this one's allocator."""
        twin = PerCpuLists(buddy)
        twin._stocks = self._stocks.copy()
        return twin

    def take(self, n: int) -> Pfns:
        """Allocate up to `n` single pages; fewer when the zones are down to their watermarks.

        Returns
        -------
        pfns : array of uint32, shape (m,), m <= n
            In the order they were handed out.
        """
        if self.listener is None:
            return self._take_piece(n)
        return join_pfns(
            self._take_piece(piece.stop - piece.start) for piece in pieces(n, self.listener)
        )

    def _take_piece(self, n: int) -> Pfns:
        taken = []
        for zone, spare_pages in self.buddy.spares():
            stock, batch = self._stocks[zone], self.buddy.zones[zone].batch
            if spare_pages == 0:
                continue
            # The watermark is looked at for every page, but only a refill moves free memory: the
            # refill that reaches the watermark serves the one page it was made for.
            refills = -(-spare_pages // batch)
            wanted = min(n, len(stock) + (refills - 1) * batch + 1)
            drawn = -(-max(wanted - len(stock), 0) // batch) * batch
            drawn_pfns = self.buddy.take_from(zone, drawn)
            self._stocks[zone] = pool = join_pfns((stock, drawn_pfns))
            if self.listener is not None and len(drawn_pfns):
                self.listener.tell(Refilled(zone, drawn_pfns))
            taken.append(pool[:wanted])
            self._stocks[zone] = pool[wanted:].copy()  # a view would keep all of the pool
            if self.listener is not None and len(taken[-1]):
                self.listener.tell(HandedOut(zone, taken[-1]))
            n -= len(taken[-1])
            if n == 0:
                break
        return join_pfns(taken)

    def give_back(self, pfns: ArrayLike) -> None:
        """Free single pages in the given sequence: onto the stock, the oldest to the free lists.

        Raises
        ------
        ValueError
            If a page is in no zone, free, in stock already or named twice; nothing is freed then.
        """
        pages = np.asarray(pfns, np.uint32)
        self.buddy.check_allocated(pages)
        stocked = np.isin(pages, np.concatenate(self._stocks))
        if stocked.any():
            raise ValueError(f"PFN {pages[stocked][0]}: free already, on a per-CPU list")
        for piece in pieces(len(pages), self.listener):
            self._give_back_piece(pages[piece])

    def _give_back_piece(self, pages: Pfns) -> None:
        for index, zone in enumerate(self.buddy.zones):
            mine = pages[zone.holds(pages)]
            stock = np.concatenate((mine[::-1], self._stocks[index]))
            # It may hold as many pages as the low watermark, or four batches (zone_highsize).
            excess = max(len(stock) - max(zone.low_pages, 4 * zone.batch), 0)
            flushed = min(-(-excess // zone.batch) * zone.batch, len(stock))
            kept = len(stock) - flushed
            oldest = stock[kept:][::-1]
            self._stocks[index] = stock
            if self.listener is not None and len(mine):
                self.listener.tell(Stocked(index, mine))
            self._stocks[index] = stock[:kept]
            if self.listener is not None and len(oldest):
                self.listener.tell(Drained(index, oldest))
            self.buddy.give_back(oldest)
