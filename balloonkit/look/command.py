"""``balloonkit look``: its options, where its text comes from, and what is printed."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from balloonkit.captures.texts import MAX_TEXT_BYTES, TextError, read_texts
from balloonkit.look.answer import look_at

__all__ = ["add_look"]


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
    look.add_argument("--json", action="store_true", help="plain data instead of tables")
    look.set_defaults(run=_look)


def _look(options: argparse.Namespace) -> None:
    look = look_at(read_texts(_text(options.source)), options.inflate, options.order)
    if options.json:
        print(json.dumps(look.as_dict()))
        return
    # Drawing is wanted only now, and only on this machine's terminal.
    from balloonkit.look.table import look_table
    from balloonkit.terminal import console

    console().print(look_table(look))


def _text(source: str) -> bytes:
    if source == "here":
        from balloonkit.look.here import machine_texts

        return machine_texts()
    if source == "-":
        return sys.stdin.buffer.read(MAX_TEXT_BYTES + 1)
    path = Path(source)
    if not path.exists():
        raise TextError(f"{source}: no such file; give a file, - for standard input, or here")
    with path.open("rb") as file:
        return file.read(MAX_TEXT_BYTES + 1)
