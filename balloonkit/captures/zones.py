"""The zones of a running kernel, from the text of its ``/proc/zoneinfo``."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from balloonkit.captures.texts import ZoneReading, read_texts
from balloonkit.guest.zones import Zone

__all__ = ["zones_from_zoneinfo", "zones_of"]


def zones_from_zoneinfo(text: str, span_pfns: int) -> tuple[Zone, ...]:
    """Read the zones that hold pages, lowest first; none ends beyond `span_pfns`.

    Raises
    ------
    ValueError
        If the text names no such zone, or one of them lacks a line.

    Examples
    --------
    >>> from balloonkit.captures import load_capture
    >>> zones = zones_from_zoneinfo(load_capture("aged-1g").text("zoneinfo_boot"), 1 << 18)
    >>> [(zone.name, zone.start_pfn, zone.end_pfn) for zone in zones]
    [('DMA', 1, 4096), ('DMA32', 4096, 262111)]
    """
    return zones_of(read_texts(text, page_kb=4).zones, span_pfns)


def zones_of(readings: Sequence[ZoneReading], span_pfns: int) -> tuple[Zone, ...]:
    """Return the zones that hold pages, lowest first, from a reading that has zoneinfo.

    Where the spans of two overlap, the pages of the smaller are its own and the larger leaves them
    out, as if they were plugged into it: zoneinfo does not say whose a page is.

    Raises
    ------
    ValueError
        If there is no such zone, or one of them lacks a line.
    """
    zones = [_zone(zone, span_pfns) for zone in readings if zone.managed_pages != 0]
    if not zones:
        raise ValueError("zoneinfo names no zone with managed pages")
    zones.sort(key=lambda zone: (zone.start_pfn, zone.end_pfn))
    return tuple(replace(zone, excluded=tuple(_inside(zone, zones))) for zone in zones)


def _zone(zone: ZoneReading, span_pfns: int) -> Zone:
    marks = zone.watermarks
    lines = {
        "managed": zone.managed_pages,
        "min, low and high": marks,
        "start_pfn": zone.start_pfn,
        "spanned": zone.spanned_pages,
        "protection": zone.reserve_told or None,
        "batch": zone.batch,
    }
    missing = [name for name, value in lines.items() if value is None]
    if marks is None or zone.start_pfn is None or zone.spanned_pages is None or missing:
        raise ValueError(f"{zone.label}: no line {missing[0]!r} in zoneinfo")
    return Zone(
        zone.name,
        zone.start_pfn,
        min(zone.start_pfn + zone.spanned_pages, span_pfns),
        marks.min_pages,
        marks.low_pages,
        marks.reserve_pages,
        zone.batch or 1,
        node=zone.node,
    )


def _inside(zone: Zone, zones: Sequence[Zone]) -> Iterator[tuple[int, int]]:
    """Yield the parts of a zone's span that are a smaller one's, each once, lowest first."""
    taken_pfn = zone.start_pfn
    for other in zones:
        if _size(other) < _size(zone):
            start_pfn = max(other.start_pfn, taken_pfn)
            end_pfn = min(other.end_pfn, zone.end_pfn)
            if start_pfn < end_pfn:
                yield start_pfn, end_pfn
                taken_pfn = end_pfn


def _size(zone: Zone) -> tuple[int, int, int]:
    """Order zones by size, and those of one size so that no two are equal."""
    return zone.end_pfn - zone.start_pfn, zone.start_pfn, -zone.node
