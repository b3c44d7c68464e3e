"""Texts about a machine's free memory, as people paste them into mails and bug reports.

`read_texts` takes ``/proc/buddyinfo``, ``/proc/pagetypeinfo``, ``/proc/zoneinfo``, the indices of
``/sys/kernel/debug/extfrag`` and the Mem-Info block of a kernel's report, alone or together, with
whatever stands around them, and says what it recognised, assumed and ignored.
"""

from balloonkit.captures.texts.found import Found
from balloonkit.captures.texts.meminfo import read_meminfo
from balloonkit.captures.texts.noise import MAX_TEXT_BYTES, CleanText, TextError
from balloonkit.captures.texts.readings import (
    ZONE_NAMES,
    FailedRequest,
    TextReading,
    Watermarks,
    ZoneReading,
)
from balloonkit.captures.texts.rows import find_rows
from balloonkit.captures.texts.tables import read_tables
from balloonkit.captures.texts.zoneinfo import read_zoneinfo
from balloonkit.guest.zones import zone_label

__all__ = [
    "MAX_TEXT_BYTES",
    "FailedRequest",
    "TextError",
    "TextReading",
    "Watermarks",
    "ZoneReading",
    "parse_buddyinfo",
    "read_texts",
]

_PAGE_KB = (4, 8, 16, 32, 64)
# Orders that give the page size away where nothing else does: arm64 with 64 KiB pages.
_PAGE_KB_BY_ORDERS = {14: 64}


def read_texts(data: bytes | str, page_kb: int | None = None) -> TextReading:
    """Read everything a text tells about free memory.

    Parameters
    ----------
    data : bytes or str
    page_kb : int, optional
        Size of a page in KiB, where no text tells it; only Mem-Info does.

    Raises
    ------
    TextError
        If it tells nothing, or its figures cannot be those of a machine.

    Examples
    --------
    >>> reading = read_texts("$ cat /proc/buddyinfo\\n> Node 1, zone   Normal" + 11 * " 2")
    >>> reading.zones[0].node, reading.zones[0].free_pages, reading.recognised, reading.ignored
    (1, 4094, ('buddyinfo',), ('$ cat /proc/buddyinfo',))
    """
    clean, found = CleanText(data), Found()
    if page_kb is not None and page_kb not in _PAGE_KB:
        raise TextError(f"page of {page_kb} KiB: choose one of {_PAGE_KB}")
    found.page_kb = page_kb
    rows = list(find_rows(clean))
    read_tables(clean, rows, found)
    read_zoneinfo(clean, rows, found)
    read_meminfo(clean, found)
    if not found.zones:
        why = f" ({'; '.join(found.notes[:3])})" if found.notes else ""
        raise TextError(
            f"no free memory of any zone in {len(data):,} characters{why}: give buddyinfo, "
            "pagetypeinfo, zoneinfo, extfrag indices or a Mem-Info block"
        )
    _settle_page_size(found)
    zones = sorted(found.zones.values(), key=_place)
    for zone in zones:
        _agree_on_orders(zone, found)
        _compare_free(zone, found)
    return TextReading(
        tuple(zones),
        tuple(found.recognised),
        (*clean.notes, *found.notes),
        tuple(clean.ignored()),
        tuple(dict.fromkeys(found.failed)),
        found.pageblock_order,
    )


def parse_buddyinfo(text: str) -> dict[str, list[int]]:
    """Return the free blocks by order of each zone of one machine's ``/proc/buddyinfo``.

    A zone of node 0 is called by its name, one of another node "1/Normal".

    Raises
    ------
    TextError
        If the text has no such row, or a row of it cannot be read.

    Examples
    --------
    >>> parse_buddyinfo("Node 0, zone      DMA " + 11 * " 3")["DMA"][:2]
    [3, 3]
    """
    reading = read_texts(text)
    unclear = [note for note in reading.notes if "not answered" in note]
    if unclear:
        raise TextError(unclear[0])
    return {
        zone_label(zone.node, zone.name): zone.counts
        for zone in reading.zones
        if zone.counts is not None
    }


def _place(zone: ZoneReading) -> tuple[int, int, str]:
    known = zone.name in ZONE_NAMES
    return zone.node, ZONE_NAMES.index(zone.name) if known else len(ZONE_NAMES), zone.name


def _settle_page_size(found: Found) -> None:
    """Give every zone the page size the text tells; where it tells none, say what is assumed."""
    if found.recognised == ["Mem-Info"]:
        return
    page_kb = found.page_kb
    if page_kb is None:
        orders = {len(zone.counts) for zone in found.zones.values() if zone.counts}
        page_kb = max((_PAGE_KB_BY_ORDERS.get(n, 4) for n in orders), default=4)
        found.note(f"pages of {page_kb} KiB are assumed: no text here tells the size")
    for zone in found.zones.values():
        zone.page_kb = page_kb


def _agree_on_orders(zone: ZoneReading, found: Found) -> None:
    """Leave types out that are told for another number of orders than the counts."""
    orders = len(zone.counts or [])
    widths = {len(counts) for counts in zone.by_type.values()}
    if zone.letters is not None:
        widths.add(len(zone.letters))
    if widths - {orders}:
        found.note(
            f"{zone.label}: {orders} orders in one text and {max(widths)} in another, not one "
            "kernel's; its migrate types are left out"
        )
        zone.by_type, zone.letters = {}, None


def _compare_free(zone: ZoneReading, found: Found) -> None:
    if zone.counts is None or zone.free_pages_told is None or zone.at_least:
        return
    made, told = zone.free_pages or 0, zone.free_pages_told
    if made != told:
        found.note(
            f"{zone.label}: its blocks make {made * zone.page_kb:,} kB, its own line says "
            f"{told * zone.page_kb:,} kB free; the two were read one after the other"
        )
