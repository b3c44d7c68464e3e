"""The balloon driver: allocate pages and tell the host which (fill), and take them back (leak).

Two ways to tell. *Classic*: PFNs one by one, 256 a message. *Chunks* (VIRTIO_BALLOON_F_PAGE_CHUNKS,
v10, May 2017): the fill's pages are marked in bitmaps, runs of ones become (base, size) chunks, and
a message carries up to 2047 of them. Either can allocate page by page, as every driver does, or a
block at a time, the optimisation the proposal left as a TODO.

Order on the wire follows the kernel: 6.1 pushes each 256 pages on a list and pops them, so a
message descends; the kernels of 2017 sent them as allocated. A leak returns pages newest first, and
a page goes back to the allocator only after the host has acknowledged (MUST_TELL_HOST).
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from balloonkit.guest.blocks import Pfns, expand, join_pfns
from balloonkit.guest.memory import Guest, Kernel
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire.features import Feature
from balloonkit.wire.page_bitmap import PageBitmaps
from balloonkit.wire.page_chunk import MAX_CHUNKS, encode_chunks, join_chunks
from balloonkit.wire.pfn_array import MAX_PFNS, encode_pfns

__all__ = ["DEFLATE_QUEUE", "INFLATE_QUEUE", "BalloonDriver", "Sent", "wire_order"]

#: Queue numbers (VIRTIO 1.2 section 5.5.2).
INFLATE_QUEUE, DEFLATE_QUEUE = 0, 1

#: The driver waits this long after "Out of puff!" before it tries again (200 ms in Linux).
PUFF_WAIT_S = 0.2

Send = Callable[[int, bytes], None]


@dataclass
class Sent:
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
    features : Feature
        What was negotiated; PAGE_CHUNKS selects the chunk path.
    send : callable (queue, message)
        Puts a message on a virtqueue and returns when the host has acknowledged it.
    block_alloc : bool
        Allocate a block at a time.
    join : bool
        Join chunks across bitmap edges, balloonkit's improvement; the proposal does not.
    bitmaps : PageBitmaps
    max_chunks, max_pfns : int
        Entries in one message; smaller ones make small examples.
    puff_wait : callable (seconds)
        How to wait before a retry.

    Examples
    --------
    >>> guest, sent = Guest.idle("64MiB"), []
    >>> driver = BalloonDriver(guest, Feature.PAGE_CHUNKS, lambda queue, data: sent.append(data))
    >>> driver.fill(1000).messages, driver.held_pages
    (1, 1000)
    """

    guest: Guest
    features: Feature
    send: Send
    block_alloc: bool = False
    join: bool = True
    bitmaps: PageBitmaps = field(default_factory=PageBitmaps)
    max_chunks: int = MAX_CHUNKS
    max_pfns: int = MAX_PFNS
    puff_wait: Callable[[float], object] = time.sleep
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

    def fill(self, pages: int, tries: int = 1) -> Sent:
        """Inflate the balloon by `pages` balloon pages, or as far as the guest can.

        When the allocator runs dry the host is told what there is; then, up to `tries` times in
        all, the driver waits 200 ms and goes on with the rest.

        Raises
        ------
        ValueError
            If `pages` is negative or no whole number of guest pages.
        Exception
            What `send` raises. Pages the host was not told of are free again; those it may know
            of stay in the balloon, where the guest cannot use them.
        """
        left = self._guest_pages(pages)
        sent = Sent()
        for attempt in range(tries):
            if attempt:
                self.puff_wait(PUFF_WAIT_S)
            taken = self._allocate(left, sent)
            self._tell(INFLATE_QUEUE, taken, sent)
            left -= len(taken)
            if not left:
                break
            sent.out_of_puff += 1
        return sent

    def leak(self, pages: int) -> Sent:
        """Deflate the balloon by `pages` balloon pages, newest first, or all there are.

        Raises
        ------
        ValueError
            If `pages` is negative or no whole number of guest pages.
        Exception
            What `send` raises; pages the host did not acknowledge stay in the balloon.
        """
        held = self.held
        kept = max(len(held) - self._guest_pages(pages), 0)
        sent = Sent()
        self._held = [held[:kept]]
        self._tell(DEFLATE_QUEUE, held[kept:][::-1], sent)
        return sent

    def reset(self) -> None:
        """Return every page to the guest untold, for a device that was reset and knows of none."""
        self.guest.give_back(self.held[::-1])
        self._held = []

    def _guest_pages(self, pages: int) -> int:
        if pages < 0 or pages % self.scale:
            raise ValueError(
                f"{pages} balloon pages: give a multiple of {self.scale}, not negative"
            )
        return pages // self.scale

    def _allocate(self, n: int, sent: Sent) -> Pfns:
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
        return max(self.max_pfns // self.scale, 1)

    def _tell(self, queue: int, pfns: Pfns, sent: Sent) -> None:
        """Send `pfns`; whatever happens, each page ends up in the balloon or in the allocator."""
        chunked = Feature.PAGE_CHUNKS in self.features
        acked, maybe_known = 0, 0
        try:
            start_s = time.perf_counter()
            for message, entries, pages in self._messages(pfns, chunked):
                sent.pack_s += time.perf_counter() - start_s
                maybe_known = acked + pages
                self.send(queue, message)
                start_s = time.perf_counter()
                acked = maybe_known
                sent.messages += 1
                sent.bytes += len(message)
                sent.entries += entries
                sent.pages += pages * self.scale
        finally:
            # A page the host may know of must not be used by the guest: it stays in the balloon.
            in_order = np.sort(pfns) if chunked and acked < len(pfns) else pfns
            if queue == INFLATE_QUEUE:
                self._held.append(in_order[:maybe_known])
                self.guest.give_back(in_order[maybe_known:])
            else:
                self._held.append(in_order[acked:][::-1])
                self.guest.give_back(in_order[:acked])

    def _messages(self, pfns: Pfns, chunked: bool) -> Iterator[tuple[bytes, int, int]]:
        """Yield each message with its entries and its guest pages; chunks ascend by PFN."""
        if chunked:
            chunks = self.bitmaps.chunks(pfns)
            if self.join:
                chunks = join_chunks(chunks)
            for start in range(0, len(chunks), self.max_chunks):
                part = chunks[start : start + self.max_chunks]
                yield encode_chunks(part * np.uint64(self.scale)), len(part), int(part[:, 1].sum())
        else:
            for start in range(0, len(pfns), self._pages_per_message):
                pages = pfns[start : start + self._pages_per_message]
                scaled = pages
                if self.scale > 1:
                    scaled = expand(pages * np.uint32(self.scale), self.scale)
                yield encode_pfns(scaled), len(scaled), len(pages)


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
