"""The posted v10 balloon driver, re-enacted as a state machine with its faults as switches.

With no fault it is a correct driver: every ballooned page reaches the host, as runs within one
bitmap. It follows the control flow of VIRTIO_BALLOON_F_PAGE_CHUNKS (v10 3/6, 4 May 2017) and is
not its code. Figures in chunks are 4 KiB balloon pages; figures in calls are guest pages.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.history.chunk_buffer import Chunk, ChunkBuffer
from balloonkit.history.faults import Fault
from balloonkit.history.packing import ascending, pack_rounds
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire.page_bitmap import BITMAP_BITS, MAX_BITMAPS

__all__ = ["DEFLATE", "INFLATE", "V10Driver", "V10Message"]

#: The two queues, by name.
INFLATE, DEFLATE = "inflate", "deflate"
_ULONG_MAX = (1 << 64) - 1


class V10Message(NamedTuple):
    """What one kick told the host: the queue's name, and chunks of (base, size)."""

    queue: str
    chunks: tuple[Chunk, ...]


class V10Driver:
    """A balloon driver that packs as v10 does, with the chosen faults.

    Parameters
    ----------
    faults : iterable of Fault
        Faults left in; none by default.
    page_bytes : int
        The guest's page size, a multiple of 4 KiB.
    bits : int
        Guest pages one bitmap stands for.
    max_bitmaps : int
        Bitmaps the guest can find memory for, 1 to 32.

    Attributes
    ----------
    messages : list of V10Message
        Everything the host was told, in order.
    failing_sends : int
        How many of the next sends the queue will refuse.

    Examples
    --------
    >>> driver = V10Driver()
    >>> driver.inflate([102, 100, 101])
    >>> driver.messages
    [V10Message(queue='inflate', chunks=((100, 3),))]
    >>> faulty = V10Driver({Fault.B3})
    >>> faulty.inflate([102, 100, 101])
    >>> faulty.messages
    [V10Message(queue='inflate', chunks=((100, 2),))]
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        page_bytes: int = BALLOON_PAGE_BYTES,
        bits: int = BITMAP_BITS,
        max_bitmaps: int = MAX_BITMAPS,
    ) -> None:
        if page_bytes < BALLOON_PAGE_BYTES or page_bytes % BALLOON_PAGE_BYTES:
            raise ValueError(f"guest page of {page_bytes} bytes: give a multiple of 4096")
        if not 1 <= max_bitmaps <= MAX_BITMAPS:
            raise ValueError(f"{max_bitmaps} bitmaps: the driver holds 1 to {MAX_BITMAPS}")
        self.faults = frozenset(faults)
        self.messages: list[V10Message] = []
        self.failing_sends = 0
        self._balloon_pages_per_page = page_bytes // BALLOON_PAGE_BYTES
        self._bits = bits
        self._max_bitmaps = max_bitmaps
        self._live_bitmaps = 1
        self._balloon = np.empty(0, np.int64)
        self._buffers = {
            queue: ChunkBuffer(self._send, self.faults) for queue in (INFLATE, DEFLATE)
        }
        if Fault.B9 in self.faults:
            self._buffers[DEFLATE] = self._buffers[INFLATE]

    @property
    def leaked_bitmaps(self) -> int:
        """Bitmaps whose memory nobody will free; between fills one is held rightly."""
        return self._live_bitmaps - 1

    @property
    def overrun(self) -> list[int]:
        """Indices of entries written past a chunk buffer, 2047 being the first outside."""
        return sorted({index for b in self._buffers.values() for index in b.overrun})

    def inflate(self, pfns: ArrayLike) -> None:
        """Put guest pages into the balloon and tell the host.

        Raises
        ------
        NullPointerError
            If fault B7 strikes; nothing of that round has been told.
        """
        pages = ascending(pfns)
        self._balloon = ascending(np.append(self._balloon, pages))
        self._tell(INFLATE, self._balloon if Fault.B8 in self.faults else pages, pages)

    def deflate(self, pfns: ArrayLike) -> None:
        """Take guest pages out of the balloon and tell the host."""
        pages = ascending(pfns)
        self._balloon = self._balloon[~np.isin(self._balloon, pages)]
        self._tell(DEFLATE, pages, pages)

    def migrate(self, old_pfn: int, new_pfn: int) -> None:
        """Let compaction move one balloon page: the host must take `new_pfn`, return `old_pfn`."""
        self._balloon = ascending(np.append(self._balloon[self._balloon != old_pfn], new_pfn))
        for queue, pfn in ((INFLATE, new_pfn), (DEFLATE, old_pfn)):
            self._add(queue, pfn, 1)
            if Fault.B9 not in self.faults:
                self._buffers[queue].flush(queue)

    def add_chunks(self, chunks: Iterable[Chunk]) -> None:
        """Add chunks one by one to the inflate buffer, as the packing loop does."""
        for chunk in chunks:
            self._buffers[INFLATE].add(INFLATE, chunk)

    def _tell(self, queue: str, listed: NDArray[np.int64], new: NDArray[np.int64]) -> None:
        if not len(new):
            return
        lowest_pfn, highest_pfn = self._range_of(new)
        in_hand = self._extend_bitmaps((highest_pfn - lowest_pfn + 1) & _ULONG_MAX)
        for runs in pack_rounds(listed, lowest_pfn, highest_pfn, in_hand, self._bits, self.faults):
            for base_pfn, pages in runs:
                self._add(queue, base_pfn, pages)
            self._buffers[queue].flush(queue)
        self._free_bitmaps(in_hand)

    def _range_of(self, pages: NDArray[np.int64]) -> tuple[int, int]:
        lowest_pfn, highest_pfn = _ULONG_MAX, 0
        smallest, largest = int(pages[0]), int(pages[-1])
        if Fault.B1 in self.faults:
            return max(lowest_pfn, largest), min(highest_pfn, smallest)
        return min(lowest_pfn, smallest), max(highest_pfn, largest)

    def _extend_bitmaps(self, span_pages: int) -> int:
        in_hand = min(-(-span_pages // self._bits), self._max_bitmaps)
        self._live_bitmaps += in_hand - 1
        return in_hand

    def _free_bitmaps(self, in_hand: int) -> None:
        index = 1
        while index < in_hand:
            self._live_bitmaps -= 1
            index += 1
            if Fault.B10 in self.faults:
                in_hand -= 1  # the end comes nearer with each step, and they meet half-way

    def _add(self, queue: str, pfn: int, pages: int) -> None:
        scale = self._balloon_pages_per_page
        base = pfn if Fault.B15 in self.faults else pfn * scale
        self._buffers[queue].add(queue, (base, pages * scale))

    def _send(self, queue: str, chunks: tuple[Chunk, ...]) -> bool:
        if self.failing_sends:
            self.failing_sends -= 1
            return False
        self.messages.append(V10Message(queue, chunks))
        return True
