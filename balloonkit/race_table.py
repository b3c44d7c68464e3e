"""The race as the command prints it."""

from rich.table import Table

from balloonkit.costs import PAID_BY
from balloonkit.paths import label_of
from balloonkit.race import Race
from balloonkit.residency import TOUCHED
from balloonkit.units import BALLOON_PAGE_BYTES, format_size

__all__ = ["race_table"]

_MIB = 1 << 20

#: Host pages of 2 MiB, by what became of them.
_HUGE = {"2 MiB broken": "huge_broken", "  released": "huge_gone", "  whole": "huge_whole"}

#: What is counted on each path, and what a table calls it.
_COUNTS = {
    "pages": "pages told",
    "refused_pages": "  refused",
    "released_pages": "  released",
    "allocations": "allocations",
    "messages": "messages",
    "bytes": "bytes",
    "entries": "entries",
    "translations": "translations",
    "releases": "releases",
}

#: What reading the whole memory afterwards found, in pages; the second and fourth must be 0.
_CHECKS = {
    "read released": "released_pages",
    "  not zero": "released_not_zero",
    "read kept": "kept_pages",
    "  changed": "kept_changed",
}


def race_table(race: Race) -> Table:
    """Return the race as a table: counts, seconds, savings, and below it what a reader must know.

    Examples
    --------
    >>> from balloonkit import Guest, run_race
    >>> race_table(run_race(Guest.idle("64MiB"), "32MiB")).title
    '64 MiB idle: inflate 32 MiB'
    """
    clock = "measured on this machine"
    if race.host == "model":
        clock = f"model time, costs of 2017; assumed: sending is paid by {PAID_BY[race.price]}"
        if race.touched == "all":
            clock += f", {TOUCHED[race.touched]}"
    # Nobody published what sorting a message costs.
    if "classic_joined" in race.reports:
        clock += "; joining in the host is not priced"
    saved = [race.improvement(path) for path in race.reports]
    where = []
    if race.host_page_bytes > BALLOON_PAGE_BYTES:
        where.append(f"host pages: {format_size(race.host_page_bytes)}")
    notes = [f"ms: {clock}", *where, *race.remarks]
    if None in saved:
        notes.append(
            "-: more pages released than by classic, or fewer: other work, so no saving is claimed"
        )
    caption = "\n".join(notes)
    table = Table(
        title=f"{race.guest}: inflate {format_size(race.inflate_pages * BALLOON_PAGE_BYTES)}",
        caption=caption,
    )
    table.add_column("")
    for path in race.reports:
        table.add_column(label_of(path), justify="right")
    for row, title in _COUNTS.items():
        table.add_row(title, *(f"{getattr(r.counts, row):,}" for r in race.reports.values()))
    released = (r.counts.released_pages * BALLOON_PAGE_BYTES for r in race.reports.values())
    table.add_row("MiB released", *(f"{size_bytes / _MIB:,.1f}" for size_bytes in released))
    gained = (race.gained_bytes(path) / _MIB for path in race.reports)
    table.add_row("MiB gained", *(f"{mib:,.1f}" for mib in gained))
    if race.gains:
        for row, what in _HUGE.items():
            table.add_row(row, *(f"{getattr(gain, what):,}" for gain in race.gains.values()))
        notes.append(
            "2 MiB: were the host's memory in huge pages; a broken one is free only once the "
            "kernel splits it"
        )
        table.caption = "\n".join(notes)
    table.add_section()
    seconds = {path: race.seconds(path).as_dict() for path in race.reports}
    for stage in seconds["classic"]:
        table.add_row(f"{stage} ms", *(f"{s[stage] * 1000:,.1f}" for s in seconds.values()))
    table.add_row("saved", "", *("-" if s is None else f"{s:.1%}" for s in saved[1:]))
    if race.host == "madvise":
        table.add_section()
        for moment, index in (("before", 0), ("after", 1)):
            sizes = (format_size(r.resident_bytes[index]) for r in race.reports.values())
            table.add_row(f"resident {moment}", *sizes)
        for title, field in _CHECKS.items():
            found = [getattr(race.checks.get(path), field, None) for path in race.reports]
            table.add_row(title, *("not checked" if n is None else f"{n:,}" for n in found))
    return table
