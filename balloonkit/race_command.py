"""``balloonkit race``: its options, and what is printed."""

import argparse
import json
from typing import Any

from rich.progress import DownloadColumn, MofNCompleteColumn

from balloonkit.captures import NEWER, SHIPPED
from balloonkit.costs import PRICES
from balloonkit.field import run_field
from balloonkit.field.table import field_tables
from balloonkit.find import find_format, find_guest
from balloonkit.guest import Guest
from balloonkit.guest.replayed import ReplayedGuest
from balloonkit.host.rules import DEVICE_RULES
from balloonkit.progress_bars import report_progress
from balloonkit.race import run_race
from balloonkit.race_table import race_table
from balloonkit.ram_layout import PRESETS
from balloonkit.residency import TOUCHED
from balloonkit.terminal import console
from balloonkit.units import BALLOON_PAGE_BYTES, size_to_pages

__all__ = ["add_race"]


def add_race(commands: Any) -> None:
    """Add ``race`` to the sub-commands of an `argparse.ArgumentParser`."""
    race = commands.add_parser("race", help="classic against chunks on the same guest")
    race.add_argument(
        "--guest",
        default="idle-8g",
        help=f"a capture ({', '.join(SHIPPED + NEWER)}), a .npz file, a text about a machine "
        "(see look), or a size such as 8GiB",
    )
    race.add_argument(
        "--ram",
        metavar="MACHINE|RANGES",
        help=f"where a guest given by its size has its RAM: {', '.join(PRESETS)}, with memory "
        "plugged in (q35+1GiB), or ranges START:SIZE,START:SIZE (default: q35)",
    )
    race.add_argument("--inflate", help="how much to take (default: seven eighths of the guest)")
    race.add_argument(
        "--host",
        choices=("model", "madvise"),
        default="model",
        help="count only and show model time, or release real memory and measure",
    )
    race.add_argument(
        "--price",
        choices=tuple(PRICES),
        default="message",
        help="what model time takes sending to be paid by; the mail's figures fit each",
    )
    race.add_argument(
        "--device",
        choices=tuple(DEVICE_RULES),
        default="kit",
        help="whose rule turns messages into releases (default: this kit's)",
    )
    race.add_argument(
        "--host-page",
        choices=("4KiB", "64KiB", "2MiB"),
        default="4KiB",
        help="the host's page: a larger one goes as a whole or not at all",
    )
    race.add_argument(
        "--touched",
        choices=tuple(TOUCHED),
        default="all",
        help="what of the guest's RAM has memory behind it: an untouched page frees nothing",
    )
    race.add_argument(
        "--replay",
        action="store_true",
        help="of a capture: the very pages the real driver sent, nothing foretold",
    )
    race.add_argument(
        "--format",
        action="append",
        default=[],
        metavar="FILE.py:CLASS",
        help="a message format of your own, to race beside the others; may be repeated",
    )
    race.add_argument("--huge-pages", action="store_true", help="with madvise: 2 MiB pages")
    race.add_argument(
        "--field",
        choices=("2026",),
        help="instead: every published way to take memory, counted and priced",
    )
    race.add_argument("--json", action="store_true", help="plain data instead of a table")
    race.set_defaults(run=_race)


def _race(options: argparse.Namespace) -> None:
    if options.inflate is not None:
        size_to_pages(options.inflate)  # a size that is none is refused before a guest is made
    guest = find_guest(options.guest, options.ram, options.replay)
    inflate = options.inflate
    if inflate is None and isinstance(guest, ReplayedGuest):
        inflate = guest.left_pages * BALLOON_PAGE_BYTES
    elif inflate is None:
        inflate = guest.size_bytes // BALLOON_PAGE_BYTES // 8 * 7 * BALLOON_PAGE_BYTES
    if options.field:
        _field(options, guest, inflate)
        return
    with report_progress(DownloadColumn(binary_units=True)) as progress:
        formats = [find_format(source) for source in options.format]
        race = run_race(
            guest,
            inflate,
            options.host,
            options.huge_pages,
            progress,
            formats,
            price=options.price,
            device=options.device,
            host_page=options.host_page,
            touched=options.touched,
        )
    if options.json:
        print(json.dumps(race.as_dict()))
    else:
        console().print(race_table(race))


def _field(options: argparse.Namespace, guest: Guest, inflate: str | int) -> None:
    given = {"device": "kit", "host_page": "4KiB", "touched": "all", "price": "message"}
    for option in [name for name, default in given.items() if getattr(options, name) != default]:
        raise ValueError(
            f"--{option.replace('_', '-')} {getattr(options, option)}: not with --field"
        )
    if options.format or options.replay or options.huge_pages:
        raise ValueError("--format, --replay and --huge-pages: not with --field, which has its own")
    with report_progress(MofNCompleteColumn()) as progress:
        field = run_field(guest, inflate, options.host, progress)
    if options.json:
        print(json.dumps(field.as_dict()))
    else:
        console().print(field_tables(field))
