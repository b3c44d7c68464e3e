"""What each path of the race does at 8 GiB, in counts that a price can be put on afterwards.

Drawing must not wait for 1.8 million pages, so one pass over a guest's pages in the order they
leave counts the chunks of every inflate size and every bitmap at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from balloonkit.costs import Counts
from balloonkit.guest import Guest
from balloonkit.guest.blocks import Pfns
from balloonkit.wire.page_bitmap import BITMAP_BITS
from balloonkit.wire.page_chunk import CHUNK_BYTES, HEADER_BYTES, MAX_CHUNKS
from balloonkit.wire.pfn_array import MAX_PFNS, PFN_BYTES

__all__ = ["BITS", "GIB_PAGES", "INFLATE_GIB", "PageCounts", "block_counts", "chunk_counts"]

#: Pages of 4 KiB in a GiB.
GIB_PAGES = 1 << 18
#: Inflate sizes on offer, in GiB.
INFLATE_GIB = tuple(range(1, 8))
#: Guest pages to a bitmap on offer; the last is the proposal's.
BITS = (64, 1024, 8192, 65536, BITMAP_BITS)


def chunk_counts(pages: Pfns, takes: Sequence[int], bits: Sequence[int]) -> NDArray[np.int64]:
    """Count the chunks of the first n of `pages`, for each n and each bitmap size.

    Pages make as many chunks as there are pages, less one for each two neighbours that are both
    among them and not parted by the edge of a bitmap.

    Parameters
    ----------
    pages : array of uint32, shape (m,)
        All different, in the order they leave the guest.
    takes : sequence of int
        How many of them to count, each from 1 to m.
    bits : sequence of int
        Guest pages to a bitmap; bitmaps are laid from the lowest page taken.

    Returns
    -------
    counts : array of int64, shape (takes, 1 + bits)
        First with chunks joined across bitmap edges, then for each of `bits` without.

    Examples
    --------
    >>> chunk_counts(np.array([0, 1, 3, 2], np.uint32), takes=[2, 3, 4], bits=[2])
    array([[1, 1],
           [2, 2],
           [1, 2]])
    """
    never = np.uint32(len(pages))
    rank = np.full(int(pages.max()) + 2, never, np.uint32)
    rank[pages] = np.arange(len(pages), dtype=np.uint32)
    met = np.maximum(rank[1:], rank[:-1])  # which page makes PFN i and i + 1 neighbours
    counts = np.empty((len(takes), 1 + len(bits)), np.int64)
    for row, n in enumerate(takes):
        counts[row] = n - np.count_nonzero(met < n)
        lowest = int(pages[:n].min())
        for column, width in enumerate(bits, 1):
            counts[row, column] += np.count_nonzero(met[lowest + width - 1 :: width] < n)
    return counts


@dataclass(frozen=True)
class PageCounts:
    """What the paths that allocate page by page do on one guest, for every inflate size.

    Attributes
    ----------
    pages : tuple of int
        Pages the guest gives for each of `INFLATE_GIB`; fewer than asked when it has no more.
    chunk_table : array of int64, shape (sizes, 1 + bitmaps)
        As `chunk_counts` returns it for `BITS`.
    joined_runs : tuple of int
        Runs of pages within the classic messages of each size: what a host that sorts releases.

    Examples
    --------
    >>> counts = PageCounts.of(Guest.idle("8GiB"))
    >>> counts.classic(7).messages, counts.chunks(7).messages
    (7168, 1)
    """

    pages: tuple[int, ...]
    chunk_table: NDArray[np.int64]
    joined_runs: tuple[int, ...]

    @classmethod
    def of(cls, guest: Guest) -> "PageCounts":
        """Count an 8 GiB guest, which is left as it is."""
        taken = guest.copy().take(INFLATE_GIB[-1] * GIB_PAGES)
        pages = tuple(min(gib * GIB_PAGES, len(taken)) for gib in INFLATE_GIB)
        runs = tuple(_runs_in_messages(taken[:n]) for n in pages)
        return cls(pages, chunk_counts(taken, pages, BITS), runs)

    def classic(self, inflate_gib: int) -> Counts:
        """Count the classic path: everything once for each page, 256 pages to a message."""
        pages = self.pages[INFLATE_GIB.index(inflate_gib)]
        messages = -(-pages // MAX_PFNS)
        return Counts(pages, pages, messages, pages * PFN_BYTES, pages, pages, pages, 0, pages)

    def classic_joined(self, inflate_gib: int) -> Counts:
        """Count the classic path on a host that sorts each message and joins what touches."""
        releases = self.joined_runs[INFLATE_GIB.index(inflate_gib)]
        return replace(self.classic(inflate_gib), releases=releases)

    def chunks(
        self, inflate_gib: int, bits: int | None = None, max_chunks: int = MAX_CHUNKS
    ) -> Counts:
        """Count the chunk path.

        Parameters
        ----------
        bits : int or None
            Guest pages to a bitmap, one of `BITS`; None joins chunks across bitmap edges.
        max_chunks : int
            Chunks to a message.
        """
        row = INFLATE_GIB.index(inflate_gib)
        chunks = int(self.chunk_table[row, 0 if bits is None else 1 + BITS.index(bits)])
        return _chunk_path(self.pages[row], self.pages[row], chunks, max_chunks)


def _runs_in_messages(pages: Pfns) -> int:
    whole = len(pages) // MAX_PFNS * MAX_PFNS
    rows = np.sort(pages[:whole].reshape(-1, MAX_PFNS), axis=1), np.sort(pages[whole:])[None]
    return len(pages) - sum(int(np.count_nonzero(np.diff(row, axis=1) == 1)) for row in rows)


def block_counts(
    guest: Guest, inflate_gib: int, bits: int | None = None, max_chunks: int = MAX_CHUNKS
) -> Counts:
    """Count the chunk path that allocates a block at a time; the guest is left as it is."""
    twin = guest.copy()
    calls = sum(len(pfns) for _, pfns in twin.take_blocks(inflate_gib * GIB_PAGES))
    taken = guest.buddy.free_mask & ~twin.buddy.free_mask
    joined = taken[1:] & taken[:-1]
    pages = int(np.count_nonzero(taken))
    chunks = pages - int(np.count_nonzero(joined))
    if bits is not None:
        chunks += int(np.count_nonzero(joined[int(taken.argmax()) + bits - 1 :: bits]))
    return _chunk_path(pages, calls, chunks, max_chunks)


def _chunk_path(pages: int, allocations: int, chunks: int, max_chunks: int) -> Counts:
    messages = -(-chunks // max_chunks)
    sent_bytes = messages * HEADER_BYTES + chunks * CHUNK_BYTES
    # No chunk can cross the hole between the two RAM ranges, so none is split: one translation
    # and one release each. Guest and host are laid out alike, so no page is refused.
    return Counts(pages, allocations, messages, sent_bytes, chunks, chunks, chunks, 0, pages)
