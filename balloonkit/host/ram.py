"""Guest physical addresses to places in the host's mapping.

Guest RAM is regions with holes between them; the host holds the regions back to back in one
mapping, as QEMU does. Everything is counted in 4 KiB balloon pages: a PFN is a guest physical
page, a host page number is an offset into the mapping divided by 4 KiB. Callers ask `contains`
before `translate`; both work on arrays of entries, never on an entry's pages, so a chunk of
2^52 - 1 pages costs what a chunk of one page costs.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from balloonkit.ram_layout import RamRange, ram_layout
from balloonkit.units import BALLOON_PAGE_BYTES, PFN_SHIFT, parse_size

__all__ = ["GuestRam"]


class GuestRam:
    """Registered guest RAM.

    Parameters
    ----------
    regions : sequence of RamRange
        Ascending, disjoint, each a whole number of pages; two may touch.

    Attributes
    ----------
    regions : tuple of RamRange
    pages : int
        4 KiB pages in all regions together.

    Raises
    ------
    ValueError
        If regions are missing, unaligned, out of order, overlap, or leave the 52-bit PFN space.

    Examples
    --------
    >>> ram = GuestRam([RamRange(0, 2 << 30), RamRange(4 << 30, 6 << 30)])
    >>> ram.contains(np.array([0x7ffff, 0x7ffff]), np.array([1, 2])).tolist()
    [True, False]
    >>> [part.tolist() for part in ram.translate(np.array([0x100000]), np.array([3]))]
    [[524288], [3]]
    """

    def __init__(self, regions: Sequence[RamRange]) -> None:
        self.regions = tuple(regions)
        if not self.regions:
            raise ValueError("no RAM regions: a guest needs at least one")
        end_gpa = 0
        for region in self.regions:
            gpa, size_bytes = region
            if gpa % BALLOON_PAGE_BYTES or size_bytes % BALLOON_PAGE_BYTES or size_bytes <= 0:
                raise ValueError(f"{region}: not a positive number of whole pages")
            if gpa < end_gpa:
                raise ValueError(f"{region}: overlaps or precedes the region below it")
            end_gpa = gpa + size_bytes
        if end_gpa >> PFN_SHIFT > 1 << 52:
            raise ValueError(f"RAM up to {end_gpa:#x}: PFNs have at most 52 bits")
        base_pfn = np.array([r.gpa >> PFN_SHIFT for r in self.regions], np.int64)
        region_pages = np.array([r.size_bytes >> PFN_SHIFT for r in self.regions], np.int64)
        self.pages = int(region_pages.sum())
        self._end_pfn = base_pfn + region_pages
        self._host_shift = np.cumsum(region_pages) - region_pages - base_pfn
        # One more place than regions: what searchsorted answers for a PFN above all RAM.
        self._base_pfn = np.append(base_pfn, np.iinfo(np.int64).max)
        # Where RAM ends for an entry that starts in this region: touching regions count as one.
        span_end_pfn = np.append(self._end_pfn, 0)
        for i in range(len(self.regions) - 2, -1, -1):
            if self._end_pfn[i] == base_pfn[i + 1]:
                span_end_pfn[i] = span_end_pfn[i + 1]
        self._span_end_pfn = span_end_pfn

    @classmethod
    def of_size(cls, size: str | int) -> "GuestRam":
        """Lay RAM of `size` out as the guests here have it, with the hole below 4 GiB."""
        return cls(ram_layout(parse_size(size)))

    def contains(
        self, base_pfn: NDArray[np.int64], pages: NDArray[np.int64] | int
    ) -> NDArray[np.bool_]:
        """Tell which entries lie in RAM with every page, shape (n,).

        Both values stay below 2^52, so their sum cannot overflow int64.
        """
        region = self._end_pfn.searchsorted(base_pfn, side="right")
        inside: NDArray[np.bool_] = base_pfn >= self._base_pfn[region]
        inside &= base_pfn + pages <= self._span_end_pfn[region]
        return inside

    def translate_pages(self, pfns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Translate single pages that `contains` accepted to host pages, shape (n,)."""
        region = self._end_pfn.searchsorted(pfns, side="right")
        host_pages: NDArray[np.int64] = pfns + self._host_shift[region]
        return host_pages

    def pfns(self, host_pages: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the PFNs of host pages, shape (n,): `translate_pages` backwards.

        Examples
        --------
        >>> GuestRam([RamRange(0, 2 << 30), RamRange(4 << 30, 1 << 30)]).pfns(np.array([524288]))
        array([1048576])
        """
        firsts = self._base_pfn[:-1] + self._host_shift
        region = firsts.searchsorted(host_pages, side="right") - 1
        found: NDArray[np.int64] = host_pages - self._host_shift[region]
        return found

    def translate(
        self, base_pfn: NDArray[np.int64], pages: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Translate entries that `contains` accepted, splitting them at region edges.

        Returns
        -------
        starts, counts : arrays of int64, shape (m,), m >= n
            First host page and number of pages of each piece, entries in order, each piece in
            one region.
        """
        first = self._end_pfn.searchsorted(base_pfn, side="right")
        last = np.searchsorted(self._end_pfn, base_pfn + pages - 1, side="right")
        pieces = last - first + 1
        entry = np.repeat(np.arange(len(base_pfn)), pieces)
        piece = np.arange(len(entry)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        region = first[entry] + piece
        begin = np.maximum(base_pfn[entry], self._base_pfn[region])
        end = np.minimum(base_pfn[entry] + pages[entry], self._end_pfn[region])
        return begin + self._host_shift[region], end - begin
