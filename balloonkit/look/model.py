"""A guest of the model from what texts tell of a machine."""

from balloonkit.captures.texts import TextError, TextReading, ZoneReading
from balloonkit.guest import Guest, Zone
from balloonkit.guest.from_counts import CountedZone, guest_from_counts
from balloonkit.look.request import usable_counts

__all__ = ["guest_of_reading"]


def guest_of_reading(reading: TextReading, name: str, seed: int = 0) -> Guest:
    """Make a guest with the free blocks a movable request may have, and the watermarks told.

    Where the blocks lie is drawn by the seed, inside zones laid one after the other: a text of
    counts does not say. Zones of other nodes than the first are called "1/Normal".

    Raises
    ------
    TextError
        If the text counts no free blocks, or only lower bounds.

    Examples
    --------
    >>> from balloonkit.captures.texts import read_texts
    >>> guest = guest_of_reading(read_texts("Node 1, zone Normal" + 11 * " 2"), "pasted")
    >>> guest.buddy.buddyinfo()["1/Normal"]
    [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    """
    zones = [zone for zone in reading.zones if zone.name != "Device"]
    for zone in zones:
        if zone.counts is None:
            raise TextError(f"{zone.label}: no text here counts its free blocks by order")
        if zone.at_least:
            raise TextError(f"{zone.label}: its counts are lower bounds; give buddyinfo as well")
    sizes = {zone.page_kb for zone in zones}
    if len(sizes) != 1:
        raise TextError(f"zones with pages of {sorted(sizes)} KiB: not one machine")
    return guest_from_counts(name, [_counted(zone) for zone in zones], sizes.pop() << 10, seed)


def _counted(zone: ZoneReading) -> CountedZone:
    marks = zone.watermarks
    return CountedZone(
        Zone(
            zone.name,
            0,
            0,
            node=zone.node,
            min_pages=marks.min_pages if marks else 0,
            low_pages=marks.low_pages if marks else 0,
            reserve_pages=marks.reserve_pages if marks else 0,
        ),
        zone.counts or [],
        zone.present_pages or zone.managed_pages or 0,
        _types(zone),
    )


def _types(zone: ZoneReading) -> dict[str, list[int]]:
    """Part the zone's blocks by migrate type; where letters alone tell, as far as they do."""
    if zone.by_type and not zone.types_at_least:
        told = [sum(column) for column in zip(*zone.by_type.values(), strict=True)]
        if told == zone.counts:
            return {name: counts for name, counts in zone.by_type.items() if any(counts)}
    usable = usable_counts(zone)
    kept = [n - mine for n, mine in zip(zone.counts or [], usable, strict=True)]
    letters = zone.letters or [""] * len(usable)
    cma = [n if told == "C" else 0 for n, told in zip(usable, letters, strict=True)]
    movable = [n - lent for n, lent in zip(usable, cma, strict=True)]
    types = {"Movable": movable, "HighAtomic": kept, "CMA": cma}
    return {name: counts for name, counts in types.items() if any(counts)} if zone.letters else {}
