"""``balloonkit look``: its options, where its text comes from, and what is printed."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from balloonkit.captures.texts import MAX_TEXT_BYTES, TextError, read_texts
from balloonkit.look.answer import look_at
from balloonkit.look.here import HereReading, read_here

__all__ = ["add_look"]

_MAP_COLUMNS, _MAP_ROWS = 64, 12


def add_look(commands: Any) -> None:
    """Add ``look`` to the sub-commands of an `argparse.ArgumentParser`."""
    look = commands.add_parser(
        "look", help="someone's machine, from a pasted text, a file or /proc: what a balloon gets"
    )
    look.add_argument(
        "source",
        nargs="?",
        default="-",
        metavar="FILE|-|here",
        help="a text (buddyinfo, pagetypeinfo, zoneinfo, extfrag, Mem-Info); - or nothing: "
        "standard input; here: this machine",
    )
    look.add_argument("--inflate", metavar="SIZE", help="what a balloon should get, like 512MiB")
    look.add_argument(
        "--order", type=int, metavar="N", help="the request to answer for (default: a huge page)"
    )
    look.add_argument(
        "--page-kb", type=int, metavar="KIB", help="size of a page, where the text does not tell"
    )
    look.add_argument(
        "--watch", type=float, metavar="SECONDS", help="with here: look again and again"
    )
    look.add_argument(
        "--times", type=int, metavar="N", help="with --watch: so often (default: until interrupted)"
    )
    look.add_argument("--json", action="store_true", help="plain data instead of tables")
    look.set_defaults(run=_look)


def _look(options: argparse.Namespace) -> None:
    if options.watch is not None or options.times is not None:
        _watch(options)
        return
    if options.source == "here" and options.page_kb is not None:
        raise ValueError("--page-kb: this machine tells the size of its pages itself")
    here = read_here() if options.source == "here" else None
    reading = here.reading if here else read_texts(_text(options.source), options.page_kb)
    look = look_at(reading, options.inflate, options.order)
    if options.json:
        answer = look.as_dict()
        if here is not None:
            answer["here"] = here.as_dict()
        print(json.dumps(answer))
        return
    # Drawing is wanted only now.
    from balloonkit.look.table import look_table
    from balloonkit.terminal import console

    terminal = console()
    terminal.print(look_table(look))
    if here is not None:
        for line in _page_lines(here, min(terminal.width, _MAP_COLUMNS)):
            terminal.print(line, markup=False)


def _page_lines(here: HereReading, width: int) -> list[str]:
    if here.pages is None:
        return [here.why_not]
    from balloonkit.look.page_map import LEGEND, draw_pages
    from balloonkit.units import counted

    lines = draw_pages(here.pages.flags, width, _MAP_ROWS)
    return [
        *lines,
        LEGEND,
        f"{counted(len(here.pages.flags), 'page')} read in {here.pages.read_s:.1f} s, free lists "
        f"rebuilt in {here.build_s:.1f} s. They differ from buddyinfo by blocks of "
        f"{counted(here.rebuilt_differs_pages, 'page')}; buddyinfo itself changed by "
        f"{counted(here.changed_pages, 'page')} while they were read.",
    ]


def _watch(options: argparse.Namespace) -> None:
    if options.source != "here" or options.watch is None:
        raise ValueError("--watch and --times look at this machine: balloonkit look here --watch 2")
    from rich.live import Live

    from balloonkit.look.watch import watch
    from balloonkit.terminal import console

    shown = watch(options.watch, options.order, options.inflate, options.json, options.times)
    terminal = console()
    if options.json or not terminal.is_terminal:
        for view in shown:
            print(view, flush=True) if options.json else terminal.print(view)
        return
    with Live(console=terminal, auto_refresh=False) as live:
        for view in shown:
            live.update(view, refresh=True)


def _text(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read(MAX_TEXT_BYTES + 1)
    path = Path(source)
    if not path.exists():
        raise TextError(f"{source}: no such file; give a file, - for standard input, or here")
    with path.open("rb") as file:
        return file.read(MAX_TEXT_BYTES + 1)
