"""Read ``/proc/buddyinfo``, ``/proc/pagetypeinfo`` and the two indices of extfrag."""

import re
from itertools import groupby

from balloonkit.captures.texts.found import Found, whole
from balloonkit.captures.texts.noise import CleanText, TextError
from balloonkit.captures.texts.readings import ZoneReading
from balloonkit.captures.texts.rows import TextRow, common_width

__all__ = ["read_tables"]

# Orders a kernel may have: 9 on s390 and ppc64, 11 on x86, 21 at most.
_LEAST_ORDERS, _MOST_ORDERS = 8, 32
_PAGE_KB_BY_PAGEBLOCK_ORDER = {11: 16, 13: 64}  # arm64: the huge page of 16 and 64 KiB pages
_BLOCK_TYPES = re.compile(r"Number of (?:mixed )?blocks type\s*((?:\s*[A-Za-z]\w*)+)")
_TYPE_HEADER = re.compile(r"Free pages count per migrate type at order[\d\s]*")
_PAGEBLOCK = re.compile(r"Page ?block order:\s*(\d{1,2})\b|Pages per block:\s*\d+")
_INDEX_NAME = re.compile(r"(unusable|extfrag|fragmentation)_index")


def read_tables(clean: CleanText, rows: list[TextRow], found: Found) -> None:
    """Read all rows that have figures; `rows` are those of the whole text."""
    headers = _Headers(clean, found)
    sections: list[tuple[str, int, TextRow]] = []
    for row in rows:
        if not row.parts[0]:
            continue
        kind, types = headers.kind_of(row)
        sections.append((kind, types, row))
    for kind, mine in groupby(sections, key=lambda entry: entry[0]):
        entries = list(mine)
        if kind == "pageblocks":
            for _, section, row in entries:
                _read_pageblocks(clean, row, headers.block_types[section], found)
        else:
            _read_section(clean, kind, [row for *_, row in entries], headers, found)
    _add_up_types(found)


class _Headers:
    """What the headings between the rows say about the rows below them."""

    def __init__(self, clean: CleanText, found: Found) -> None:
        self.block_types: list[list[str]] = []
        self._at: list[tuple[int, int]] = []  # line, index into block_types, -1: other heading
        self._index_names: list[tuple[int, str]] = []
        for number, line in enumerate(clean.lines):
            if types := _BLOCK_TYPES.search(line):
                self._at.append((number, len(self.block_types)))
                self.block_types.append(types[1].split())
            elif _TYPE_HEADER.search(line):
                self._at.append((number, -1))
            elif order := _PAGEBLOCK.search(line):
                if order[1]:
                    found.pageblock_order = int(order[1])
                    found.page_kb = found.page_kb or _PAGE_KB_BY_PAGEBLOCK_ORDER.get(int(order[1]))
            elif name := _INDEX_NAME.search(line):
                self._index_names.append((number, name[1]))
            else:
                continue
            clean.use_line(number)

    def kind_of(self, row: TextRow) -> tuple[str, int]:
        """Tell what a row is, and under which heading of pageblocks it stands."""
        if row.is_index:
            return "extfrag", -1
        if row.migrate_type:
            return "pagetypeinfo", -1
        section = next((i for line, i in reversed(self._at) if line < row.line), -1)
        if section >= 0 and len(self.block_types[section]) in row.widths:
            return "pageblocks", section
        return "buddyinfo", -1

    def index_name(self, row: TextRow) -> str:
        """Return which index a heading above the row names, or nothing."""
        name = next((n for line, n in reversed(self._index_names) if line < row.line), "")
        return "fragmentation" if name == "extfrag" else name


def _read_section(
    clean: CleanText, kind: str, rows: list[TextRow], headers: _Headers, found: Found
) -> None:
    width = common_width(rows, _LEAST_ORDERS)
    whole_rows = []
    for row in rows:
        if width is None or width not in row.widths or width > _MOST_ORDERS:
            expected = f"the others have {width}" if width and len(rows) > 1 else "too few"
            found.note(
                f"{row.label}: a row of {row.widths[-1]} columns, {expected}; it may be cut, "
                "and is not answered"
            )
            continue
        whole_rows.append(row)
        _use(clean, row, width)
        if row.widths[0] < width:
            found.note(f"{row.label}: its row was folded")
    if kind == "extfrag":
        _read_indices(whole_rows, width or 0, headers, found)
        return
    for row in whole_rows:
        words = row.words(width or 0)
        zone = found.zone(row.node, row.zone, kind)
        counts = [whole(word.lstrip(">")) for word in words]
        if any(word.startswith(">") for word in words):
            zone.types_at_least = True
            found.note(f"{row.label}: pagetypeinfo stopped counting at 100,000: at least so many")
        if kind == "buddyinfo":
            found.set_counts(zone, counts, kind)
        else:
            if row.migrate_type in zone.by_type:
                found.note(f"{row.label}: several readings of pagetypeinfo; the last is answered")
            zone.by_type[row.migrate_type] = counts


def _use(clean: CleanText, row: TextRow, width: int) -> None:
    """Mark the lines of a row; those under it that do not belong to it stay ignored."""
    surplus = len(row.parts) - 1 - row.widths.index(width)
    for number in range(row.line, row.end_line - surplus):
        clean.use_line(number)


def _read_pageblocks(clean: CleanText, row: TextRow, types: list[str], found: Found) -> None:
    zone = found.zone(row.node, row.zone, "pagetypeinfo")
    words = row.words(len(types))
    zone.pageblocks = {name: whole(word) for name, word in zip(types, words, strict=True)}
    _use(clean, row, len(types))


def _add_up_types(found: Found) -> None:
    """Free blocks of all types together are those of the zone."""
    for zone in found.zones.values():
        if not zone.by_type:
            continue
        widths = {len(counts) for counts in zone.by_type.values()}
        if len(widths) > 1:
            raise TextError(f"{zone.label}: rows of pagetypeinfo have {sorted(widths)} columns")
        total = [sum(column) for column in zip(*zone.by_type.values(), strict=True)]
        if zone.counts is None:
            found.set_counts(zone, total, "pagetypeinfo")
            zone.at_least = zone.types_at_least
        elif zone.counts != total and not zone.types_at_least:
            found.note(
                f"{zone.label}: buddyinfo and pagetypeinfo count different blocks; they were not "
                "read at one moment. Blocks are buddyinfo's, types pagetypeinfo's"
            )


def _read_indices(rows: list[TextRow], width: int, headers: _Headers, found: Found) -> None:
    """Tell the two indices apart: by a heading, or by the sign at order 0, which always fits."""
    for row in rows:
        values = [_thousandths(word) for word in row.words(width)]
        zone = found.zone(row.node, row.zone, "extfrag")
        name = headers.index_name(row) or _index_by_values(zone, values, rows, width)
        if name == "unusable":
            zone.unusable_told = values
        elif name == "fragmentation":
            zone.fragmentation_told = values
        else:
            found.note(f"{row.label}: indices of all 0, of which kind no heading says")


def _index_by_values(zone: ZoneReading, values: list[int], rows: list[TextRow], width: int) -> str:
    if values[0] == -1000:
        return "fragmentation"
    if any(values):
        return "unusable"
    others = [_thousandths(row.words(width)[0]) for row in rows]
    if -1000 in others:
        return "fragmentation" if zone.fragmentation_told is None else "unusable"
    return "unusable" if any(any(map(_thousandths, row.words(width))) for row in rows) else ""


def _thousandths(word: str) -> int:
    sign = -1 if word.startswith("-") else 1
    integer, _, decimals = word.lstrip("-").partition(".")
    return sign * (int(integer) * 1000 + int(decimals))
