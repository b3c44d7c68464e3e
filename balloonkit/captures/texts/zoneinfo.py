"""Read ``/proc/zoneinfo``: watermarks, sizes, and where each zone begins."""

import re

from balloonkit.captures.texts.found import Found, whole
from balloonkit.captures.texts.noise import CleanText
from balloonkit.captures.texts.readings import Watermarks
from balloonkit.captures.texts.rows import TextRow

__all__ = ["read_zoneinfo"]

_FREE = re.compile(r"\bpages free\s+(\d+)")
_KEY = re.compile(
    r"(?<![\w:])(min|low|high|spanned|present|managed|start_pfn:|nr_free_cma|batch:)\s+(\d+)"
)
_PROTECTION = re.compile(r"protection:\s*\(([\d,\s]+)\)")
_STATISTIC = re.compile(
    r"\s*(?:per-node stats|pagesets|pages free\s+\d+|cpu:?\s*\d+.*|protection:\s*\([\d,\s]*\)?"
    r"|vm stats threshold:\s*\d+|[\d,\s]+\)|[a-z_]+:?\s+\d+|\w[\w ]*:\s+\d+)\s*"
)


def read_zoneinfo(clean: CleanText, rows: list[TextRow], found: Found) -> None:
    """Read the paragraphs under labels that have no figures of their own."""
    for index, row in enumerate(rows):
        if row.parts[0]:
            continue
        end = rows[index + 1].line if index + 1 < len(rows) else len(clean.lines)
        lines = clean.lines[row.end_line : end]
        last = row.end_line
        for number, line in enumerate(lines, row.end_line):
            if line.strip() and not _STATISTIC.fullmatch(line):
                break
            last = number + 1
        _read_paragraph(clean, row, last, found)


def _read_paragraph(clean: CleanText, row: TextRow, end: int, found: Found) -> None:
    text = "\n".join(clean.lines[row.end_line : end])
    free = _FREE.search(text)
    if free is None:
        return
    for number in range(row.line, end):
        clean.use_line(number)
    figures: dict[str, int] = {}
    for key, digits in _KEY.findall(text):
        figures.setdefault(key, whole(digits))
    protection = _PROTECTION.search(text)
    if figures.get("present") == 0 or (figures.get("managed", 1) == 0 and free[1] == "0"):
        found.note(f"{row.label}: holds no memory, left out")
        if "zoneinfo" not in found.recognised:
            found.recognised.append("zoneinfo")
        return
    zone = found.zone(row.node, row.zone, "zoneinfo")
    zone.free_pages_told = whole(free[1])
    zone.spanned_pages = figures.get("spanned")
    zone.present_pages = figures.get("present")
    zone.managed_pages = figures.get("managed")
    zone.start_pfn = figures.get("start_pfn:")
    zone.batch = figures.get("batch:")
    zone.free_cma_pages = figures.get("nr_free_cma")
    if {"min", "low", "high"} <= figures.keys():
        reserves = [whole(word) for word in re.findall(r"\d+", protection[1])] if protection else []
        zone.reserve_told = bool(reserves)
        if not reserves:
            found.note(f"{row.label}: zoneinfo without protection, its reserve is taken as 0")
        zone.watermarks = Watermarks(
            figures["min"], figures["low"], figures["high"], max(reserves, default=0)
        )
