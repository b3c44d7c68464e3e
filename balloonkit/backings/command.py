"""``balloonkit backings``: which call gives which memory back, tried on this machine."""

import argparse
import json

from rich.table import Table

from balloonkit.backings.kinds import BACKINGS
from balloonkit.backings.trial import Attempt, BackingTrial, try_backing
from balloonkit.terminal import console
from balloonkit.units import parse_size

__all__ = ["add_backings", "backing_table"]

_MIB = 1 << 20


def add_backings(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "backings", help="which call gives which kind of memory back, tried here"
    )
    parser.add_argument("--size", default="128MiB", help="of each kind (default: 128MiB)")
    parser.add_argument(
        "--kind", action="append", choices=tuple(BACKINGS), help="only this one; may be repeated"
    )
    parser.add_argument("--json", action="store_true", help="plain data instead of a table")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    size_bytes = parse_size(options.size)
    trials = [try_backing(name, size_bytes) for name in options.kind or BACKINGS]
    if options.json:
        print(json.dumps([trial.as_dict() for trial in trials]))
    else:
        console().print(backing_table(trials))


def backing_table(trials: list[BackingTrial]) -> Table:
    """Return the trials as a table, and below it why each call does what it does."""
    notes = [
        "MiB. Rss: what is mapped. file: its blocks. old: what still reads back. MemFree: by how "
        "much the whole machine's rose; others move it too, and pages on a CPU's own "
        "list are not in it (from Linux 6.7 on there may be many).",
    ]
    whys: dict[str, list[str]] = {}
    table = Table(caption_justify="left")
    for head in ("call", "part of 2 MiB", "answers"):
        table.add_column(head)
    for head in ("Rss", "huge", "file", "MemFree", "old"):
        table.add_column(head, justify="right")
    for trial in trials:
        table.add_row(f"[bold]{trial.name}[/bold]")
        notes.append(f"{trial.name}: {trial.backing.title}. {trial.backing.who}.")
        if trial.remark:
            notes.append(f"{trial.name}: {trial.remark}")
        if trial.refused:
            table.add_row("  not tried, see below")
        for attempt in trial.attempts:
            table.add_row(*_cells(attempt))
            if attempt.call is not None:
                call = attempt.call
                whys.setdefault(f"{call.name}, {call.part}: {call.why}", []).append(trial.name)
        table.add_section()
    notes += [f"{why} ({', '.join(names)})" for why, names in whys.items()]
    table.caption = "\n".join(notes)
    return table


def _cells(attempt: Attempt) -> list[str]:
    call = attempt.call
    blocks = "-" if attempt.block_bytes is None else f"{attempt.block_bytes / _MIB:,.0f}"
    return [
        f"  {call.name}" if call else "  as written",
        call.part if call else "",
        attempt.answer,
        f"{attempt.resident_bytes / _MIB:,.1f}",
        f"{attempt.huge_bytes / _MIB:,.0f}",
        blocks,
        f"{attempt.freed_bytes / _MIB:+,.0f}",
        f"{attempt.old_pages / 256:,.1f}",
    ]
