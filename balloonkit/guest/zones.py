"""Zones: which pages a guest kernel keeps for whom, and how far a balloon may drain each.

x86-64 has DMA (first 16 MiB, for ISA devices), DMA32 (up to 4 GiB, for 32-bit devices) and Normal.
Balloon pages may come from any: the kernel takes Normal first and falls back to the scarcer zones,
and in each stops at a watermark, plus a reserve that protects a low zone from requests that could
have been served higher up. Formulas: Linux 6.1 ``mm/page_alloc.c`` (``__setup_per_zone_wmarks``,
``setup_per_zone_lowmem_reserve``) and ``mm/khugepaged.c`` (``set_recommended_min_free_kbytes``).
"""

import re
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
    "zones_from_zoneinfo",
]

#: A pageblock is a block of order 9: 2 MiB of 4 KiB pages, the size of a huge page.
PAGEBLOCK_PAGES = 1 << 9

_DMA_BYTES, _DMA32_BYTES = 16 << 20, 4 << 30
# lowmem_reserve_ratio: one page of a low zone is kept for each so many pages of the zones above.
# HighMem and Movable keep none: no request could have been served higher up.
_RESERVE_RATIO = {"DMA": 256, "DMA32": 256, "Normal": 32}


@dataclass(frozen=True)
class Zone:
    """A range of page frame numbers with its watermarks; all figures in pages.

    Attributes
    ----------
    start_pfn, end_pfn : int
        The zone is [start_pfn, end_pfn).
    min_pages, low_pages : int
        Watermarks: ordinary requests stop at low; when every zone is there, at min.
    reserve_pages : int
        lowmem_reserve against requests that may also use the zones above.
    batch : int
        Pages a per-CPU list takes from the free lists in one go.
    withheld_pages : int
        Free pages of the kernel's own pageblocks: watermarks count them, no balloon page comes
        from there.

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

    @property
    def span(self) -> slice:
        """The zone's part of an array whose index is the PFN."""
        return slice(self.start_pfn, self.end_pfn)

    def holds(self, pfns: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell which PFNs, shape (n,), lie in the zone."""
        inside: NDArray[np.bool_] = (pfns >= self.start_pfn) & (pfns < self.end_pfn)
        return inside


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
    return [int(pages[zone.span].sum()) for zone in zones]


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

    Highest zone first, down to the low watermark; then all again, down to min. `free_pages` is
    asked anew at each zone, so what was taken from one before counts.

    Examples
    --------
    >>> zones = Zone("DMA", 0, 1024, 10, 20), Zone("Normal", 1024, 2048, 30, 40)
    >>> list(above_watermarks(zones, lambda zone: 35))
    [(1, 0), (0, 15), (1, 5), (0, 25)]
    """
    for level in ("low_pages", "min_pages"):
        for index in reversed(range(len(zones))):
            zone = zones[index]
            mark_pages = getattr(zone, level) + zone.reserve_pages - zone.withheld_pages
            yield index, max(free_pages(index) - mark_pages, 0)


def zones_from_zoneinfo(text: str, span_pfns: int) -> tuple[Zone, ...]:
    """Read the zones of a running kernel from the text of ``/proc/zoneinfo``, lowest first.

    `span_pfns` ends the highest zone: the file names only where each zone starts. A zone of another
    node than the first is called "1/Normal".

    Raises
    ------
    ValueError
        If the text names no zone that holds pages.

    Examples
    --------
    >>> from balloonkit.captures import load_capture
    >>> text = load_capture("idle-8g").text("zoneinfo_boot")
    >>> [(zone.name, zone.start_pfn) for zone in zones_from_zoneinfo(text, 1 << 22)]
    [('DMA', 1), ('DMA32', 4096), ('Normal', 1048576)]
    """
    found: list[Zone] = []
    parts = re.split(r"^Node (\d+), zone\s+", text, flags=re.MULTILINE)[1:]
    for node, part in zip(parts[::2], parts[1::2], strict=True):
        numbers = {key: int(n) for key, n in re.findall(r"^\s+(\w+):?\s+(\d+)$", part, re.M)}
        protection = re.search(r"protection: \(([\d, ]+)\)", part)
        if not numbers.get("managed") or protection is None:
            continue
        missing = [key for key in ("start_pfn", "min", "low", "batch") if key not in numbers]
        if missing:
            raise ValueError(f"zone {part.split()[0]}: no line {missing[0]!r}")
        # Balloon pages are movable: the reserve that counts is the one against the top zone.
        reserve_pages = max(int(n) for n in protection[1].split(","))
        found.append(
            Zone(
                part.split()[0] if int(node) == 0 else f"{int(node)}/{part.split()[0]}",
                numbers["start_pfn"],
                span_pfns,
                numbers["min"],
                numbers["low"],
                reserve_pages,
                numbers["batch"],
            )
        )
    if not found:
        raise ValueError(f"zoneinfo of {len(text)} characters names no zone with managed pages")
    found.sort(key=lambda zone: zone.start_pfn)  # nodes may lie between each other
    starts = [zone.start_pfn for zone in found[1:]] + [span_pfns]
    return tuple(replace(z, end_pfn=end) for z, end in zip(found, starts, strict=True))


def check_spans(zones: Sequence[Zone], span_pfns: int) -> None:
    """Raise ValueError unless zones ascend, start on top-order blocks and end in the span.

    Examples
    --------
    >>> check_spans(x86_zones(2048), 1024)
    Traceback (most recent call last):
    ValueError: zones (Zone(...),): they must be at least one and end by PFN 1024
    """
    for below, zone in pairwise(zones):
        if zone.start_pfn % TOP_PAGES or below.end_pfn > zone.start_pfn:
            raise ValueError(
                f"zone {zone.name} from PFN {zone.start_pfn}: zones must ascend and start on "
                f"multiples of {TOP_PAGES} pages"
            )
    if not zones or zones[-1].end_pfn > span_pfns:
        raise ValueError(f"zones {zones}: they must be at least one and end by PFN {span_pfns}")
