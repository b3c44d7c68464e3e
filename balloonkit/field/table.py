"""The field as the command prints it."""

from rich.console import Group
from rich.table import Table

from balloonkit.field.prices import foretell_published
from balloonkit.field.run import Field
from balloonkit.units import BALLOON_PAGE_BYTES, format_size

__all__ = ["field_tables"]


def field_tables(field: Field) -> Group:
    """Return what each took and cost, and the model beside what was published."""
    return Group(_field_table(field), _published_table())


def _field_table(field: Field) -> Table:
    size = format_size(field.inflate_pages * BALLOON_PAGE_BYTES)
    notes = [
        "ms: model time at the unit prices of EuroSys 2025, on memory never touched (fitted) and "
        "touched (foretold); small pages assumed to cost by stage as in 2017. -: nobody published "
        "a price"
    ]
    table = Table(title=f"{field.guest}: {size}, the field of 2026", caption_justify="left")
    table.add_column("")
    measured = any(row.release_s is not None for row in field.rows.values())
    for head in ("MiB", "named", "messages", "calls", "untouched ms", "touched ms"):
        table.add_column(head, justify="right")
    if measured:
        table.add_column("calls, ms here", justify="right")
        notes.append("calls, ms here: the release calls alone, on real touched memory, in Python")
    said: dict[str, list[str]] = {}
    for row in field.rows.values():
        taken = row.taken
        cells = [f"{taken.pages / 256:,.0f}", f"{taken.units:,}", f"{taken.messages:,}"]
        cells += [f"{taken.releases:,}", _ms(row.untouched_s), _ms(row.touched_s)]
        if measured:
            cells.append(_ms(row.release_s))
        table.add_row(row.contender.title, *cells)
        remark = taken.remark
        if taken.waited_s:
            remark = f"waits {taken.waited_s:,.1f} s. {remark}"
        if taken.migrated_pages:
            remark = f"moves {taken.migrated_pages:,} pages in use. {remark}"
        if taken.pages < field.inflate_pages:
            remark = f"found no more than this. {remark}" if taken.pages else remark
        if remark:
            said.setdefault(remark, []).append(row.contender.title)
    notes += [f"{'; '.join(titles)}: {remark}" for remark, titles in said.items()]
    table.caption = "\n".join(notes)
    return table


def _published_table() -> Table:
    table = Table(title="The prices against EuroSys 2025, GiB/s", caption_justify="left")
    table.add_column("")
    for head in ("memory", "published", "model", "error"):
        table.add_column(head, justify="right")
    table.add_column("")
    notes = ["Xeon Gold 6252, KVM, 20 GiB shrunk to 2; their plot divides by 20, so 11 % high"]
    for row in foretell_published():
        memory = "touched" if row.touched else "untouched"
        rates = f"{row.published_gib_s:,.2f}", f"{row.model_gib_s:,.2f}", f"{row.error:+.0%}"
        table.add_row(row.title, memory, *rates, row.kind)
        if row.why_off:
            notes.append(f"{row.title}, {memory}: {row.why_off}")
    table.caption = "\n".join(notes)
    return table


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:,.1f}"
