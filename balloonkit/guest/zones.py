"""Zones: which pages a guest kernel keeps for whom, and how far a balloon may drain each.

x86-64 has DMA (first 16 MiB, for ISA devices), DMA32 (up to 4 GiB, for 32-bit devices) and Normal.
Balloon pages may come from any: the kernel takes Normal first and falls back to the scarcer zones,
and in each stops at a watermark, plus a reserve that protects a low zone from requests that could
have been served higher up. Formulas: Linux 6.1 ``mm/page_alloc.c`` (``__setup_per_zone_wmarks``,
``setup_per_zone_lowmem_reserve``) and ``mm/khugepaged.c`` (``set_recommended_min_free_kbytes``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from balloonkit.guest.blocks import TOP_PAGES
from balloonkit.units import BALLOON_PAGE_BYTES

__all__ = [
    "PAGEBLOCK_PAGES",
    "Zone",
    "above_watermarks",
    "check_spans",
    "count_by_zone",
    "with_watermarks",
    "x86_zones",
    "zone_label",
]

#: A pageblock is a block of order 9: 2 MiB of 4 KiB pages, the size of a huge page.
PAGEBLOCK_PAGES = 1 << 9

_DMA_BYTES, _DMA32_BYTES = 16 << 20, 4 << 30
# lowmem_reserve_ratio: one page of a low zone is kept for each so many pages of the zones above.
# HighMem and Movable keep none: no request could have been served higher up.
_RESERVE_RATIO = {"DMA": 256, "DMA32": 256, "Normal": 32}


def zone_label(node: int, name: str) -> str:
    """Name a zone of one machine: "Normal" on node 0, "1/Normal" on another.

    Examples
    --------
    >>> zone_label(0, "Normal"), zone_label(1, "Normal")
    ('Normal', '1/Normal')
    """
    return name if node == 0 else f"{node}/{name}"


@dataclass(frozen=True)
class Zone:
    """A range of page frame numbers with its watermarks; all figures in pages.

    Attributes
    ----------
    name : str
    start_pfn, end_pfn : int
        The zone spans [start_pfn, end_pfn).
    min_pages, low_pages : int
        Watermarks: ordinary requests stop at low; when every zone is there, at min.
    reserve_pages : int
        lowmem_reserve against requests that may also use the zones above.
    batch : int
        Pages a per-CPU list takes from the free lists in one go.
    withheld_pages : int
        Free pages of the kernel's own pageblocks: watermarks count them, no balloon page comes
        from there.
    node : int
        A zone is known by its node and its name.
    excluded : tuple of (int, int)
        Ranges [start, end) inside the span that belong to other zones: spans overlap where memory
        was plugged in later.

    Examples
    --------
    >>> zone = Zone("Normal", 1048576, 2097152, min_pages=12766, low_pages=15957)
    >>> zone.end_pfn - zone.start_pfn, zone.batch
    (1048576, 1)
    """

    name: str
    start_pfn: int
    end_pfn: int
    min_pages: int = 0
    low_pages: int = 0
    reserve_pages: int = 0
    batch: int = 1
    withheld_pages: int = 0
    node: int = 0
    excluded: tuple[tuple[int, int], ...] = ()

    @property
    def label(self) -> str:
        """What tells the zone from every other of the machine; see `zone_label`."""
        return zone_label(self.node, self.name)

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The parts [start, end) that are the zone's own, lowest first.

        Examples
        --------
        >>> Zone("Normal", 0, 4096, excluded=((1024, 2048),)).ranges
        ((0, 1024), (2048, 4096))
        """
        edges = [self.start_pfn, *(pfn for part in sorted(self.excluded) for pfn in part)]
        starts, ends = edges[::2], [*edges[1::2], self.end_pfn]
        return tuple((a, b) for a, b in zip(starts, ends, strict=True) if a < b)

    def holds(self, pfns: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell which PFNs, shape (n,), lie in the zone."""
        inside: NDArray[np.bool_] = (pfns >= self.start_pfn) & (pfns < self.end_pfn)
        for start_pfn, end_pfn in self.excluded:
            inside &= (pfns < start_pfn) | (pfns >= end_pfn)
        return inside

    def count(self, pages: NDArray[np.bool_]) -> int:
        """Count the zone's pages in a mask whose index is the PFN."""
        return sum(int(pages[start:end].sum()) for start, end in self.ranges)


def x86_zones(span_pfns: int, page_bytes: int = BALLOON_PAGE_BYTES) -> tuple[Zone, ...]:
    """Cut [0, span_pfns) into the x86-64 zones, lowest first, with no watermark set.

    Larger guest pages keep the limits in bytes, rounded up to whole blocks of the largest order,
    a simplification: other architectures draw the zones elsewhere.

    Examples
    --------
    >>> [(z.name, z.start_pfn, z.end_pfn) for z in x86_zones(2_621_440)]
    [('DMA', 0, 4096), ('DMA32', 4096, 1048576), ('Normal', 1048576, 2621440)]
    """
    limits = {"DMA": _DMA_BYTES, "DMA32": _DMA32_BYTES, "Normal": None}
    zones: list[Zone] = []
    start_pfn = 0
    for name, limit_bytes in limits.items():
        end_pfn = span_pfns
        if limit_bytes is not None:
            end_pfn = min(span_pfns, -(-limit_bytes // (page_bytes * TOP_PAGES)) * TOP_PAGES)
        if end_pfn > start_pfn:
            zones.append(Zone(name, start_pfn, end_pfn))
        start_pfn = end_pfn
    return tuple(zones)


def count_by_zone(zones: Sequence[Zone], pages: NDArray[np.bool_]) -> list[int]:
    """Count the pages of a mask, shape (PFNs,), in each zone, lowest zone first.

    Examples
    --------
    >>> count_by_zone(x86_zones(8192), np.ones(8192, bool))
    [4096, 4096]
    """
    return [zone.count(pages) for zone in zones]


def with_watermarks(zones: tuple[Zone, ...], managed: NDArray[np.integer]) -> tuple[Zone, ...]:
    """Set watermarks, reserves and batches as a kernel with huge pages enabled does at boot.

    Parameters
    ----------
    zones : tuple of Zone
        Lowest first.
    managed : integers, shape (zones,)
        Pages the allocator manages in each zone: RAM less what the kernel took at boot.

    Notes
    -----
    ``min = pageblock * zones * (2 + 9)`` pages over all zones (khugepaged's recommendation, at
    most 5 % of memory), shared out by size; ``low = min + min / 4``;
    ``batch = rounddown_pow2(1.5 * b) - 1`` with ``b = min(managed / 1024, 256) / 4``.

    Examples
    --------
    >>> zones = with_watermarks(x86_zones(1 << 18), np.array([3840, 254_000]))
    >>> [(zone.name, zone.low_pages, zone.batch) for zone in zones]
    [('DMA', 208, 1), ('DMA32', 13870, 63)]
    """
    total = int(managed.sum())
    total_min = min(PAGEBLOCK_PAGES * len(zones) * 11, total // 20)
    filled = []
    for index, zone in enumerate(zones):
        pages = int(managed[index])
        min_pages = total_min * pages // total if total else 0
        above = int(managed[index + 1 :].sum())
        b = max(min(pages >> 10, 256) // 4, 1)
        filled.append(
            replace(
                zone,
                min_pages=min_pages,
                low_pages=min_pages + min_pages // 4,
                reserve_pages=above // ratio if (ratio := _RESERVE_RATIO.get(zone.name)) else 0,
                batch=max((1 << ((b + b // 2).bit_length() - 1)) - 1, 1),
            )
        )
    return tuple(filled)


def above_watermarks(
    zones: Sequence[Zone], free_pages: Callable[[int], int]
) -> Iterator[tuple[int, int]]:
    """Walk the zones as a request does, with the pages each has above its watermark.

    Node by node, highest zone first, down to the low watermark; then all again, down to min
    (``build_zonelists``: a request from a CPU of node 0). `free_pages` is asked anew at each zone,
    so what was taken from one before counts.

    Examples
    --------
    >>> zones = Zone("DMA", 0, 1024, 10, 20), Zone("Normal", 1024, 2048, 30, 40)
    >>> list(above_watermarks(zones, lambda zone: 35))
    [(1, 0), (0, 15), (1, 5), (0, 25)]
    """
    walk = sorted(range(len(zones)), key=lambda index: (zones[index].node, -index))
    for level in ("low_pages", "min_pages"):
        for index in walk:
            zone = zones[index]
            mark_pages = getattr(zone, level) + zone.reserve_pages - zone.withheld_pages
            yield index, max(free_pages(index) - mark_pages, 0)


def check_spans(zones: Sequence[Zone], span_pfns: int) -> None:
    """Raise ValueError unless zones ascend, start on top-order blocks and end in the span.

    Examples
    --------
    >>> check_spans(x86_zones(2048), 1024)
    Traceback (most recent call last):
    ValueError: zones DMA to PFN 2048: they must be at least one and end by PFN 1024
    """
    if not zones or max(zone.end_pfn for zone in zones) > span_pfns:
        ends = ", ".join(f"{zone.label} to PFN {zone.end_pfn}" for zone in zones)
        raise ValueError(f"zones {ends}: they must be at least one and end by PFN {span_pfns}")
    if len({zone.label for zone in zones}) < len(zones):
        raise ValueError(f"zones {', '.join(zone.label for zone in zones)}: one is there twice")
    parts = sorted((*part, zone.label) for zone in zones for part in zone.ranges)
    for (_, below_end_pfn, _), (start_pfn, _, label) in pairwise(parts):
        if start_pfn % TOP_PAGES or below_end_pfn > start_pfn:
            raise ValueError(
                f"zone {label} from PFN {start_pfn}: zones must ascend, not overlap, and start on "
                f"multiples of {TOP_PAGES} pages"
            )
    if any(below.start_pfn > zone.start_pfn for below, zone in pairwise(zones)):
        raise ValueError(f"zones {', '.join(zone.label for zone in zones)}: they must ascend")
