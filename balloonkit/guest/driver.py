"""The balloon driver: allocate pages and tell the host which (fill), and take them back (leak).

How pages become messages is the format's business (`balloonkit.wire.format`). In any of them the
driver can allocate page by page, as every driver does, or a block at a time, the optimisation the
proposal left as a TODO.

Order on the wire follows the kernel: 6.1 pushes each 256 pages on a list and pops them, so a
message descends; the kernels of 2017 sent them as allocated. A leak returns pages newest first, and
a page goes back to the allocator only after the host has acknowledged (MUST_TELL_HOST).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from balloonkit.events import Began, Listener, OutOfPuff
from balloonkit.guest.blocks import Pfns, expand, join_pfns
from balloonkit.guest.guest import Guest, Kernel
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire.format import Format, Message
from balloonkit.wire.formats import PfnArray
from balloonkit.wire.pfn_array import MAX_PFNS
from balloonkit.wire.queue import Queue

__all__ = ["BalloonDriver", "DriverCounts", "wire_order"]

#: The driver waits this long after "Out of puff!" before it tries again (200 ms in Linux).
PUFF_WAIT_S = 0.2

Send = Callable[[Queue, bytes], None]


@dataclass
class DriverCounts:
    """What one fill or leak did, in the guest.

    Attributes
    ----------
    pages : int
        4 KiB balloon pages the host was told of and acknowledged.
    allocations : int
        Calls into the page allocator: one a page, or one a block.
    messages, bytes, entries : int
        What went over the virtqueue; an entry is a PFN or a chunk.
    out_of_puff : int
        Times the allocator had no page left to give.
    allocate_s, pack_s : float
        Measured seconds in the allocator, and turning pages into messages.
    """

    pages: int = 0
    allocations: int = 0
    messages: int = 0
    bytes: int = 0
    entries: int = 0
    out_of_puff: int = 0
    allocate_s: float = 0.0
    pack_s: float = 0.0


@dataclass
class BalloonDriver:
    """The driver of one guest's balloon.

    Parameters
    ----------
    guest : Guest
    format : Format
        How pages become messages.
    send : callable (queue, message)
        Puts a message on a virtqueue and returns when the host has acknowledged it.
    block_alloc : bool
        Allocate a block at a time.
    puff_wait : callable (seconds)
        How to wait before a retry.

    Examples
    --------
    >>> from balloonkit.wire import PAGE_CHUNKS
    >>> guest, sent = Guest.idle("64MiB"), []
    >>> driver = BalloonDriver(guest, PAGE_CHUNKS, lambda queue, data: sent.append(data))
    >>> driver.fill(1000).messages, driver.held_pages
    (1, 1000)
    """

    guest: Guest
    format: Format
    send: Send
    block_alloc: bool = False
    puff_wait: Callable[[float], object] = time.sleep
    listener: Listener | None = None
    _held: list[Pfns] = field(default_factory=list, init=False)

    @property
    def scale(self) -> int:
        """4 KiB balloon pages in one page of the guest."""
        return self.guest.page_bytes // BALLOON_PAGE_BYTES

    @property
    def held_pages(self) -> int:
        """Count the 4 KiB balloon pages in the balloon (``actual`` in the config space)."""
        return sum(map(len, self._held)) * self.scale

    @property
    def held(self) -> Pfns:
        """The guest's pages in the balloon, oldest first, shape (pages,)."""
        return join_pfns(self._held)

    def fill(self, balloon_pages: int, tries: int = 1) -> DriverCounts:
        """Inflate the balloon by so many 4 KiB pages, or as far as the guest can.

        When the allocator runs dry the host is told what there is; then, up to `tries` times in
        all, the driver waits 200 ms and goes on with the rest.

        Raises
        ------
        ValueError
            If `balloon_pages` is negative or no whole number of guest pages.
        Exception
            What `send` raises. Pages the host was not told of are free again; those it may know
            of stay in the balloon, where the guest cannot use them.
        """
        left = self._guest_pages(balloon_pages)
        sent = DriverCounts()
        self._report(Began("inflate", left))
        for attempt in range(tries):
            if attempt:
                self.puff_wait(PUFF_WAIT_S)
            taken = self._allocate(left, sent)
            self._tell(Queue.INFLATE, taken, sent)
            left -= len(taken)
            if not left:
                break
            sent.out_of_puff += 1
            self._report(OutOfPuff(left))
        return sent

    def leak(self, balloon_pages: int) -> DriverCounts:
        """Deflate the balloon by so many 4 KiB pages, newest first, or all there are.

        Raises
        ------
        ValueError
            If `balloon_pages` is negative or no whole number of guest pages.
        Exception
            What `send` raises; pages the host did not acknowledge stay in the balloon.
        """
        held = self.held
        kept = max(len(held) - self._guest_pages(balloon_pages), 0)
        sent = DriverCounts()
        self._report(Began("deflate", len(held) - kept))
        self._held = [held[:kept]]
        self._tell(Queue.DEFLATE, held[kept:][::-1], sent)
        return sent

    def reset(self) -> None:
        """Return every page to the guest untold, for a device that was reset and knows of none."""
        self.guest.give_back(self.held[::-1])
        self._held = []

    def _guest_pages(self, balloon_pages: int) -> int:
        if balloon_pages < 0 or balloon_pages % self.scale:
            raise ValueError(
                f"{balloon_pages} balloon pages: give a multiple of {self.scale}, not negative"
            )
        return balloon_pages // self.scale

    def _allocate(self, n: int, sent: DriverCounts) -> Pfns:
        """Take up to `n` guest pages, in the order they will go on the wire."""
        start_s = time.perf_counter()
        # A page is a block of order 0.
        blocks = self.guest.take_blocks(n) if self.block_alloc else [(0, self.guest.take(n))]
        sent.allocate_s += time.perf_counter() - start_s
        sent.allocations += sum(len(pfns) for _, pfns in blocks)
        taken = join_pfns(expand(pfns, 1 << order) if order else pfns for order, pfns in blocks)
        return wire_order(taken, self._pages_per_message, self.guest.kernel)

    @property
    def _pages_per_message(self) -> int:
        """Linux fills its array of PFNs, tells, and goes on; see `wire_order`."""
        most = self.format.max_entries if isinstance(self.format, PfnArray) else MAX_PFNS
        return max(most // self.scale, 1)

    def _report(self, event: Began | OutOfPuff) -> None:
        if self.listener is not None:
            self.listener.tell(event)

    def _tell(self, queue: Queue, pfns: Pfns, sent: DriverCounts) -> None:
        """Send `pfns`; whatever happens, each page ends up in the balloon or in the allocator."""
        told: list[Message] = []
        acked, maybe_known = 0, 0
        try:
            start_s = time.perf_counter()
            for message in self.format.messages(pfns, self.scale, self.listener):
                sent.pack_s += time.perf_counter() - start_s
                told.append(message)
                maybe_known = len(told)
                self.send(queue, message.data)
                start_s = time.perf_counter()
                acked = maybe_known
                sent.messages += 1
                sent.bytes += len(message.data)
                sent.entries += len(message.entries)
                sent.pages += message.pages
        finally:
            # A page the host may know of must not be used by the guest: it stays in the balloon.
            if queue == Queue.INFLATE:
                known, free = self._parted(pfns, told[:maybe_known])
                self._held.append(known)
                self.guest.give_back(free)
            else:
                free, kept = self._parted(pfns, told[:acked])
                self._held.append(kept[::-1])
                self.guest.give_back(free)

    def _parted(self, pfns: Pfns, told: list[Message]) -> tuple[Pfns, Pfns]:
        """Part `pfns` into those the messages name, and the others, each in sequence."""
        if sum(message.pages for message in told) == len(pfns) * self.scale:
            return pfns, pfns[:0]
        named = np.concatenate([np.empty(0, np.uint64), *(message.pfns() for message in told)])
        inside = np.isin(pfns, named // np.uint64(self.scale))
        return pfns[inside], pfns[~inside]


def wire_order(taken: Pfns, per_message: int, kernel: Kernel) -> Pfns:
    """Reorder pages from the sequence they were allocated in to the one they are sent in.

    Examples
    --------
    >>> wire_order(np.arange(5, dtype=np.uint32), 3, Kernel.LINUX_6_1).tolist()
    [2, 1, 0, 4, 3]
    """
    if kernel is Kernel.LINUX_2017:
        return taken
    popped = np.empty_like(taken)
    whole = len(taken) // per_message * per_message
    popped[:whole].reshape(-1, per_message)[:] = taken[:whole].reshape(-1, per_message)[:, ::-1]
    popped[whole:] = taken[whole:][::-1]
    return popped
