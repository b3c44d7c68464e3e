"""The guest-private page bitmaps, with their count in the same class, and the runs in them.

The proposal collects the PFNs of one fill in bitmaps before it packs them: one bitmap is held
always, up to 32 are taken on demand, and a PFN range wider than those is done in rounds. Review
of v10 asked for one struct that holds the bitmaps *and how many there are*
(``virtio_balloon_page_struct``): `PageBitmaps` is that struct. Bitmaps never cross the wire.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from balloonkit.events import Listener, Marked, RoundLaid, RunsFound, pieces

__all__ = ["BITMAP_BITS", "MAX_BITMAPS", "PageBitmaps", "Round", "find_runs"]

#: One bitmap is 8 pages of 4 KiB: 262,144 bits, 1 GiB of 4 KiB guest pages.
BITMAP_BITS = 8 * 4096 * 8
#: VIRTIO_BALLOON_PAGE_BMAP_MAX_NUM: taken on demand, 32 GiB of guest pages in one round.
MAX_BITMAPS = 32

_SLICE_PAGES = 1 << 20
_ONE = np.uint64(1)


class Round(NamedTuple):
    """Bitmaps filled for one PFN range: bit i of bitmap k stands for base_pfn + k * bits + i."""

    base_pfn: int
    bitmaps: NDArray[np.uint64]  # shape (bitmaps in hand, words of 64 bits)


@dataclass
class PageBitmaps:
    """Bitmaps in hand and the most there may be.

    Parameters
    ----------
    bits : int
        Guest pages per bitmap, a multiple of 64.
    max_count : int
        Bitmaps that may be in hand at once; the real limit is 32.

    Attributes
    ----------
    count : int
        Bitmaps in hand: 1 when idle, more only while a wide range is filled.

    Examples
    --------
    >>> bitmaps = PageBitmaps(bits=64)
    >>> [(r.base_pfn, r.bitmaps.shape) for r in bitmaps.rounds(np.array([7, 8, 80]))]
    [(7, (2, 1))]
    """

    bits: int = BITMAP_BITS
    max_count: int = MAX_BITMAPS
    count: int = 1

    def __post_init__(self) -> None:
        if self.bits <= 0 or self.bits % 64:
            raise ValueError(f"bitmap of {self.bits} bits: give a positive multiple of 64")
        if self.max_count < 1:
            raise ValueError(f"{self.max_count} bitmaps: at least one is always held")

    def rounds(self, pfns: NDArray[np.integer]) -> Iterator[Round]:
        """Lay bitmaps over `pfns`, shape (n,), from the smallest one, and fill them in rounds.

        Rounds without a page are skipped. Bitmaps taken on demand are given back at the end.
        """
        if not len(pfns):
            return
        lowest_pfn, highest_pfn = int(pfns.min()), int(pfns.max())
        span = highest_pfn - lowest_pfn + 1
        self.count = min(self.max_count, -(-span // self.bits))
        round_pages = self.count * self.bits
        # All rounds are marked in one pass: a look at every page per round would cost their
        # product. In slices, as the bit numbers of a big guest would take more than its PFNs.
        marked = np.zeros(-(-span // round_pages) * round_pages, bool)
        for start in range(0, len(pfns), _SLICE_PAGES):
            here = pfns[start : start + _SLICE_PAGES]
            marked[here - here.dtype.type(lowest_pfn)] = True
        words = np.packbits(marked, bitorder="little").view("<u8")
        del marked
        try:
            for index, bitmaps in enumerate(words.reshape(-1, self.count, self.bits // 64)):
                if bitmaps.any():
                    yield Round(lowest_pfn + index * round_pages, bitmaps)
        finally:
            self.count = 1

    def chunks(self, pfns: NDArray[np.integer]) -> NDArray[np.uint64]:
        """Pack `pfns` as the proposal does: the runs of each bitmap as (base, size), ascending.

        A run that crosses the edge of a bitmap makes two chunks; see `join_chunks`.

        Examples
        --------
        >>> PageBitmaps(bits=64).chunks(np.arange(10, 80)).tolist()
        [[10, 64], [74, 6]]
        """
        found = [np.empty((0, 2), np.int64), *self.runs(pfns)]
        return np.concatenate(found).astype(np.uint64)

    def runs(
        self, pfns: NDArray[np.integer], listener: Listener | None = None
    ) -> Iterator[NDArray[np.int64]]:
        """Find the runs of each bitmap in turn: (first PFN, pages), shape (n, 2), ascending.

        Parameters
        ----------
        listener : Listener, optional
            Told of every round, the bits set in it, and the runs; these come in its pieces.
        """
        for base_pfn, bitmaps in self.rounds(pfns):
            if listener is not None:
                listener.tell(RoundLaid(base_pfn, self.bits, len(bitmaps), self.max_count))
                here = pfns[(pfns >= base_pfn) & (pfns < base_pfn + len(bitmaps) * self.bits)]
                for piece in pieces(len(here), listener):
                    listener.tell(Marked(here[piece].astype(np.uint32)))
            for index, bitmap in enumerate(bitmaps):
                runs = find_runs(bitmap)
                runs[:, 0] += base_pfn + index * self.bits
                for piece in pieces(len(runs), listener):
                    if listener is not None:
                        listener.tell(RunsFound(index, runs[piece]))
                    yield runs[piece]


def find_runs(bitmap: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Find the runs of ones in one bitmap: (first bit, length) each, shape (runs, 2), ascending.

    A bit that differs from the one below it starts or ends a run. Words without any, then bytes
    without any, are dropped before single bits are looked at.

    Parameters
    ----------
    bitmap : array of uint64, shape (words,)
        Bit i of word w is bit 64 * w + i.

    Examples
    --------
    >>> find_runs(np.array([0b0111_0001], np.uint64)).tolist()
    [[0, 1], [4, 3]]
    """
    # Without a change a word repeats the top bit of the word below: its sign, 64 times over.
    signs = np.empty(len(bitmap) + 1, np.int64)
    signs[0] = 0
    np.right_shift(bitmap.view(np.int64), 63, out=signs[1:])
    below = signs[:-1].view(np.uint64)
    busy = np.flatnonzero(bitmap != below)
    words = bitmap[busy]
    changes = words ^ (words << _ONE | below[busy] & _ONE)
    octets = changes.view(np.uint8)
    dirty = np.flatnonzero(octets != 0)
    if 2 * len(dirty) > bitmap.nbytes:
        # Most bytes stay: without dropping the others a bit's place is its number.
        whole = np.zeros_like(bitmap)
        whole[busy] = changes
        edges = _set_bits(whole.view(np.uint8))
    else:
        bits = _set_bits(octets[dirty])
        first_bit = busy[dirty >> 3] * 64 + (dirty & 7) * 8
        edges = first_bit[bits >> 3] + (bits & 7)
    if len(edges) % 2:  # the last run ends with the bitmap
        edges = np.append(edges, 64 * len(bitmap))
    runs = edges.reshape(-1, 2)
    runs[:, 1] -= runs[:, 0]
    return runs


def _set_bits(octets: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.flatnonzero(np.unpackbits(octets, bitorder="little").view(bool))
