"""The answer for a terminal of any width: a short table a zone, the balloon, and what was noted."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from balloonkit.captures.texts import ZoneReading
from balloonkit.costs import Counts
from balloonkit.look.answer import MachineLook, ZoneLook
from balloonkit.look.forecast import Forecast
from balloonkit.paths import PATHS
from balloonkit.units import counted, format_size

__all__ = ["look_table", "order_sparks"]

_BARS = "▁▂▃▄▅▆▇█"
_MAX_SHOWN_LINES = 5
_FITS = -1000  # the kernel's fragmentation index of an order that has a block


def order_sparks(counts: Sequence[int]) -> str:
    """Draw the free memory in blocks of each order, one bar an order; a dot where there is none.

    Examples
    --------
    >>> order_sparks([8, 0, 2, 8])
    '▂·▂█'
    """
    pages = [n << order for order, n in enumerate(counts)]
    most = max(pages, default=0)
    return "".join(_BARS[min(n * len(_BARS) // most, len(_BARS) - 1)] if n else "·" for n in pages)


def look_table(look: MachineLook) -> Group:
    """Return the whole answer."""
    parts: list[RenderableType] = [_zone_table(zone) for zone in look.zones]
    if look.forecast is not None:
        parts += [_balloon_table(look.forecast), *map(escape, look.forecast.notes)]
    reading = look.reading
    parts.append(f"[bold]Read[/bold] {', '.join(reading.recognised)}")
    parts += [f"- {escape(note)}" for note in reading.notes]
    if reading.ignored:
        parts.append(f"Ignored {counted(len(reading.ignored), 'line')}, such as:")
        parts += [f"  {escape(line.strip()[:70])}" for line in reading.ignored[:_MAX_SHOWN_LINES]]
    return Group(*parts)


def _zone_table(look: ZoneLook) -> Table:
    zone = look.reading
    free_bytes = (zone.free_pages or 0) * zone.page_kb << 10
    least = "at least " if zone.at_least else ""
    table = Table(
        title=f"{zone.label}: {least}{format_size(free_bytes)} free",
        title_justify="left",
        show_header=False,
    )
    table.add_column("", no_wrap=True)
    table.add_column("")
    for title, text in _zone_rows(look):
        table.add_row(title, escape(text))
    return table


def _zone_rows(look: ZoneLook) -> Iterator[tuple[str, str]]:
    zone = look.reading
    if zone.counts is not None:
        yield (
            "by order",
            f"{order_sparks(zone.counts)}  memory in blocks of order 0 to {_top(zone)}",
        )
        yield "blocks", " ".join(map(str, zone.counts))
    for name, counts in zone.by_type.items():
        if any(counts):
            yield name, f"{order_sparks(counts)}  {' '.join(map(str, counts))}"
    if zone.letters:
        yield "types", " ".join(letters or "-" for letters in zone.letters)
    if zone.highatomic_pages:
        yield "HighAtomic", f"{counted(zone.highatomic_pages, 'page')} reserved"
    if zone.free_cma_pages:
        yield "CMA", f"{counted(zone.free_cma_pages, 'free page')}"
    for name, values in (("unusable", look.unusable), ("in pieces", look.fragmentation)):
        if values is not None:
            yield name, " ".join("fits" if v == _FITS else f"{v / 1000:.3f}" for v in values)
    if zone.watermarks is not None:
        marks = zone.watermarks
        yield (
            "keeps",
            f"{marks.low_pages:,} pages (low), {marks.min_pages:,} (min), and "
            f"{marks.reserve_pages:,} in reserve",
        )
    for served in look.served:
        answer = {True: "yes", False: "no", None: "unknown"}[served.can]
        yield f"order {served.order}", f"{answer} ({served.what}): {served.why}"
    if look.chunks is not None:
        yield (
            "chunks",
            f"{look.chunks[0]:,} to {look.chunks[1]:,} for {counted(look.take_pages, 'page')} "
            "of this zone alone",
        )


def _top(zone: ZoneReading) -> int:
    return len(zone.counts or []) - 1


def _balloon_table(plan: Forecast) -> Table:
    wanted, given = (format_size(kb << 10) for kb in (plan.wanted_kb, plan.given_kb))
    table = Table(
        title=f"A balloon of {wanted} would get {given}",
        title_justify="left",
        caption="ms: model time, costs of 2017, sending assumed paid by the message; least to most",
        caption_justify="left",
    )
    table.add_column("")
    for path in plan.paths:
        table.add_column(PATHS[path].label, justify="right")
    for row in ("allocations", "messages", "entries", "releases"):
        table.add_row(row, *(_span(path.least, path.most, row) for path in plan.paths.values()))
    totals = (tuple(stages.total * 1000 for stages in p.model) for p in plan.paths.values())
    table.add_row("ms", *(f"{a:,.1f}" if a == b else f"{a:,.1f} to {b:,.1f}" for a, b in totals))
    return table


def _span(least: Counts, most: Counts, row: str) -> str:
    low, high = getattr(least, row), getattr(most, row)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
