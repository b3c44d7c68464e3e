"""Read the Mem-Info block of a failed allocation or an OOM report (``mm/show_mem.c``)."""

import re

from balloonkit.captures.texts.found import ZONE, Found, whole
from balloonkit.captures.texts.noise import CleanText
from balloonkit.captures.texts.readings import FailedRequest, Watermarks, ZoneReading

__all__ = ["read_meminfo"]

_PAGE_KB = (4, 8, 16, 32, 64)
_FAILED = re.compile(r"page allocation (?:failure|stalls for \w+)[.:,]*\s*order:(\d{1,2})\b[^\n]*")
_OOM = re.compile(r"invoked oom-killer:[^\n]*?\border=(-?\d{1,2})\b[^\n]*")
_HEAD = rf"(?:Node\s+(\d+)\s+)?\b({ZONE})"
_ZONE_LINE = re.compile(rf"{_HEAD}\s+free:(\d+)\s?kB((?:\s+[a-z_]+(?:\([a-z]+\))?:\w+\??)*)")
_RESERVE = re.compile(r"lowmem_reserve\[\]:((?:[ ]+\d+)+(?:\n[ ]*\d+(?:[ ]+\d+)*[ ]*(?=\n|$))*)")
_ROW = re.compile(rf"{_HEAD}\s*:\s*(?=\d)")
_COLUMN = re.compile(r"(\d+)(?:\s?\\?[*\u00d7x_]\s?(\d+))?\s?kB(?:\s+\(([A-Z]+)\))?(?:\s+|$)")
_SUM = re.compile(r"=\s*(\d+)\s?kB")
_PAGES_FREE = re.compile(r"(?<![\w:])free:(\d+)(?=\s+free_pcp|\s+free_cma|\s*$)", re.MULTILINE)
_REST = re.compile(
    r"Mem-Info:|\d+ pages (?:RAM|reserved|cma reserved|hwpoisoned|HighMem/MovableOnly)"
    r"|^ *(?:[a-z_]+:\d+(?: +|$))+$",
    re.MULTILINE,
)
#: Letters of the migrate types (``show_migration_types``); R is the Reserve of kernels before 4.4.
LETTERS = {
    "U": "Unmovable",
    "M": "Movable",
    "E": "Reclaimable",
    "H": "HighAtomic",
    "C": "CMA",
    "I": "Isolate",
    "R": "Reserve",
}


def read_meminfo(clean: CleanText, found: Found) -> None:
    """Read each Mem-Info block of a text: zone lines, reserves, and free blocks by order."""
    for pattern, what in ((_FAILED, "page allocation failure"), (_OOM, "OOM report")):
        for request in pattern.finditer(clean.text):
            clean.use_span(*request.span())
            if not request[1].startswith("-"):
                found.failed.append(FailedRequest(int(request[1]), what))
    page_kb: set[int] = set()
    for row in _ROW.finditer(clean.text):
        size = _read_row(clean, row, found)
        if size:
            page_kb.add(size)
    lines = list(_ZONE_LINE.finditer(clean.text))
    if len(page_kb) > 1:
        found.note(f"rows with pages of {sorted(page_kb)} KiB: texts of several machines")
    if lines and not page_kb and found.page_kb is None:
        found.note("Mem-Info without a row of free blocks: pages of 4 KiB are assumed")
    size = max(page_kb, default=found.page_kb or 4)
    for index, line in enumerate(lines):
        end = lines[index + 1].start() if index + 1 < len(lines) else len(clean.text)
        _read_zone_line(clean, line, end, size, found)
    if page_kb:
        found.page_kb = size
    if lines or page_kb:
        for pattern in (_REST, _PAGES_FREE):
            for rest in pattern.finditer(clean.text):
                clean.use_span(*rest.span())
        _check_total(clean, found, lines, size)


def _read_zone_line(
    clean: CleanText, line: re.Match[str], end: int, page_kb: int, found: Found
) -> None:
    clean.use_span(*line.span())
    zone = found.zone(whole(line[1] or "0"), line[2], "Mem-Info")
    zone.page_kb = page_kb
    zone.free_pages_told = whole(line[3]) // page_kb
    kb = {k: whole(n) for k, n in re.findall(r"([a-z_]+):(\d+)[kK]B", line[4])}
    zone.highatomic_pages = kb.get("reserved_highatomic", 0) // page_kb
    zone.free_cma_pages = kb["free_cma"] // page_kb if "free_cma" in kb else None
    zone.present_pages = kb["present"] // page_kb if "present" in kb else None
    zone.managed_pages = kb["managed"] // page_kb if "managed" in kb else None
    reserve = _RESERVE.search(clean.text, line.end(), end)
    reserve_pages = 0
    if reserve:
        clean.use_span(*reserve.span())
        reserve_pages = max(whole(word) for word in reserve[1].split())
    else:
        found.note(f"{zone.label}: no lowmem_reserve in this text, it is taken as 0")
    if {"min", "low", "high"} <= kb.keys():
        low, least, high = (kb[name] // page_kb for name in ("low", "min", "high"))
        zone.watermarks = Watermarks(least, low, high, reserve_pages)


def _read_row(clean: CleanText, row: re.Match[str], found: Found) -> int | None:
    """Read ``Normal: 60*4kB (UME) 29*8kB ... = 408696kB``; return the page size in KiB."""
    end, columns = row.end(), []
    while column := _COLUMN.match(clean.text, end):
        columns.append(column)
        end = column.end()
    label = f"Node {row[1] or 0}, zone {row[2]}"
    told = _SUM.match(clean.text, end)
    readings = {kb: counts for kb in _PAGE_KB if (counts := _counts(columns, kb)) is not None}
    if told and len(readings) > 1:
        fits = {kb: counts for kb, counts in readings.items() if _kb(counts, kb) == whole(told[1])}
        readings = fits or readings
    if len(columns) < 2 or not readings:
        if len(columns) > 1:
            found.note(f"{label}: its columns are not those of free blocks, and are not answered")
        return None
    if len(readings) > 1:
        found.note(
            f"{label}: with its asterisks gone its row can be read for pages of "
            f"{' or '.join(map(str, readings))} KiB; it is not answered"
        )
        return None
    ((page_kb, counts),) = readings.items()
    if not told and len(columns) < 8:
        found.note(f"{label}: a row of {len(columns)} columns and no sum is cut; not answered")
        return None
    clean.use_span(row.start(), told.end() if told else columns[-1].end())
    zone = found.zone(whole(row[1] or "0"), row[2], "Mem-Info")
    zone.page_kb = page_kb
    found.set_counts(zone, counts, "Mem-Info")
    letters = [column[3] or "" for column in columns]
    zone.letters = letters if any(letters) else None
    _check_sum(zone, counts, told, found)
    return page_kb


def _counts(columns: list[re.Match[str]], page_kb: int) -> list[int] | None:
    """Return the free blocks by order, if these columns can be those of such pages.

    Markdown eats asterisks: "60*4kB" arrives as "604kB", and the size tells where to cut.
    """
    counts = []
    for order, column in enumerate(columns):
        size = str(page_kb << order)
        if column[2] is not None:
            if column[2] != size:
                return None
            counts.append(whole(column[1]))
        else:
            digits = column[1].removesuffix(size)
            if not digits or digits == column[1] or (digits[0] == "0" and digits != "0"):
                return None
            counts.append(whole(digits))
    return counts


def _kb(counts: list[int], page_kb: int) -> int:
    return sum(n << order for order, n in enumerate(counts)) * page_kb


def _check_sum(
    zone: ZoneReading, counts: list[int], told: re.Match[str] | None, found: Found
) -> None:
    made_kb = _kb(counts, zone.page_kb)
    if told is None:
        found.note(f"{zone.label}: its row has no sum, so it cannot be checked")
    elif whole(told[1]) != made_kb:
        found.note(
            f"{zone.label}: its blocks make {made_kb:,} kB, but the text says "
            f"{whole(told[1]):,} kB: a figure is wrong"
        )


def _check_total(clean: CleanText, found: Found, lines: list[re.Match[str]], page_kb: int) -> None:
    """The block's own total, in pages, is that of its zone lines."""
    totals = _PAGES_FREE.findall(clean.text)
    zone_names = {(line[1], line[2]) for line in lines}
    if len(totals) != 1 or not lines or len(zone_names) != len(lines):
        return
    told_kb, made_kb = whole(totals[0]) * page_kb, sum(whole(line[3]) for line in lines)
    if told_kb != made_kb:
        found.note(
            f"free:{totals[0]} is {told_kb:,} kB, but the zone lines make {made_kb:,} kB: a zone "
            "is missing, or a figure is wrong"
        )
