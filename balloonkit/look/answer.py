"""What a reading of someone's texts means: zone by zone, and for a balloon.

The figures are the kernel's own where it has them (unusable and fragmentation index), bounds where
counts alone cannot say more (chunks), and words where a text tells too little.
"""

from dataclasses import dataclass
from typing import Any

from balloonkit.captures.texts import FailedRequest, TextError, TextReading, ZoneReading
from balloonkit.guest.chunk_interval import (
    blocks_whole_largest_first,
    blocks_within,
    chunk_interval,
)
from balloonkit.guest.fragmentation import fragmentation_index, unusable_index
from balloonkit.look.forecast import Forecast, forecast
from balloonkit.look.request import Served, serve
from balloonkit.units import format_size, parse_size

__all__ = ["MachineLook", "ZoneLook", "look_at"]

# A huge page, by the size of a page in KiB: 2 MiB on x86-64; 32 and 512 MiB on arm64.
_HUGE_ORDER = {4: 9, 16: 11, 64: 13}
_MAX_SHOWN_LINES = 20


@dataclass(frozen=True)
class ZoneLook:
    """One zone's answer.

    Attributes
    ----------
    reading : ZoneReading
    unusable, fragmentation : tuple of int, or None
        The kernel's indices at each order, in thousandths; None where no text tells the blocks.
    take_pages : int
        The smaller of what is wanted and what is free, for this zone alone.
    chunks : tuple of int, or None
        Fewest and most chunks of those pages, taken from any free block, smallest orders first.
    blocks_largest_first : int, or None
        Blocks that fit into those pages whole.
    served : tuple of Served
        One for each request that was asked about.
    """

    reading: ZoneReading
    unusable: tuple[int, ...] | None
    fragmentation: tuple[int, ...] | None
    take_pages: int
    chunks: tuple[int, int] | None
    blocks_largest_first: int | None
    served: tuple[Served, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the zone as plain data, ready for JSON."""
        zone = self.reading
        answer: dict[str, Any] = {
            "node": zone.node,
            "zone": zone.name,
            "page_kb": zone.page_kb,
            "counts": zone.counts,
            "free_kb": (zone.free_pages or 0) * zone.page_kb,
            "unusable": self.unusable,
            "fragmentation": self.fragmentation,
            "take_pages": self.take_pages,
            "chunks": self.chunks,
            "blocks_largest_first": self.blocks_largest_first,
            "counts_are_at_least": zone.at_least,
            "requests": [vars(served) for served in self.served],
            "watermarks": zone.watermarks and vars(zone.watermarks),
        }
        if zone.by_type:
            answer["by_type"] = zone.by_type
        if zone.letters:
            answer["letters"] = zone.letters
        if zone.highatomic_pages:
            answer["highatomic_reserved_pages"] = zone.highatomic_pages
        return answer


@dataclass(frozen=True)
class MachineLook:
    """The whole answer.

    Attributes
    ----------
    zones : tuple of ZoneLook
    reading : TextReading
        What was recognised, noted and ignored.
    forecast : Forecast or None
        What a balloon could have, if a size was given.
    """

    zones: tuple[ZoneLook, ...]
    reading: TextReading
    forecast: Forecast | None

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as plain data, ready for JSON."""
        ignored = self.reading.ignored
        return {
            "zones": [zone.as_dict() for zone in self.zones],
            "recognised": list(self.reading.recognised),
            "ignored": len(ignored),
            "ignored_lines": [line.strip()[:200] for line in ignored[:_MAX_SHOWN_LINES]],
            "notes": list(self.reading.notes),
            "failed": [vars(request) for request in self.reading.failed],
            "balloon": self.forecast and self.forecast.as_dict(),
        }


def look_at(
    reading: TextReading, inflate: str | int | None = None, order: int | None = None
) -> MachineLook:
    """Answer for each zone of a reading, and for a balloon of `inflate` on that machine.

    Parameters
    ----------
    reading : TextReading
        See `balloonkit.captures.texts.read_texts`.
    inflate : size, optional
        What a balloon should get; without it each zone's free memory is counted, all of it.
    order : int, optional
        The request to answer for; by default a huge page. Requests the text reports as failed are
        answered for as well.

    Raises
    ------
    ValueError
        If `inflate` is no size of whole pages, or `order` is negative.

    Examples
    --------
    >>> from balloonkit.captures.texts import read_texts
    >>> look = look_at(read_texts("Node 0, zone Normal 9 0 1 0 0 0 0 0 0 0 0"), inflate="40KiB")
    >>> look.zones[0].take_pages, look.zones[0].chunks, look.zones[0].unusable[:3]
    (10, (5, 10), (0, 692, 692))
    """
    if order is not None and order < 0:
        raise ValueError(f"order {order}: give 0 or more; 2^order pages is the size of a request")
    inflate_bytes = None if inflate is None else parse_size(inflate)
    zones = tuple(_zone(zone, reading, inflate_bytes, order) for zone in reading.zones)
    plan = None if inflate_bytes is None else forecast(reading.zones, inflate_bytes)
    return MachineLook(zones, reading, plan)


def _zone(
    zone: ZoneReading, reading: TextReading, inflate_bytes: int | None, order: int | None
) -> ZoneLook:
    free_pages = zone.free_pages or 0
    take_pages = free_pages
    if inflate_bytes is not None:
        wanted_pages, rest = divmod(inflate_bytes, zone.page_kb << 10)
        if rest:
            raise TextError(
                f"inflate {format_size(inflate_bytes)}: not whole pages of {zone.page_kb} KiB, "
                f"which are those of {zone.label}"
            )
        take_pages = min(free_pages, wanted_pages)
    huge = FailedRequest(reading.pageblock_order or _HUGE_ORDER.get(zone.page_kb, 9), "a huge page")
    requests = [huge if order is None else FailedRequest(order, "asked for"), *reading.failed]
    served = tuple(serve(zone, request.order, request.what) for request in requests)
    counts = zone.counts
    if counts is None:
        unusable, fragmentation = zone.unusable_told, zone.fragmentation_told
        return ZoneLook(
            zone,
            None if unusable is None else tuple(unusable),
            None if fragmentation is None else tuple(fragmentation),
            take_pages,
            None,
            None,
            served,
        )
    orders = range(len(counts))
    return ZoneLook(
        zone,
        tuple(unusable_index(counts, at) for at in orders),
        tuple(fragmentation_index(counts, at) for at in orders),
        take_pages,
        chunk_interval(blocks_within(counts, take_pages)),
        sum(blocks_whole_largest_first(counts, take_pages)),
        served,
    )
