"""``balloonkit messages``: what a message and an entry cost, here."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.progress import MofNCompleteColumn
from rich.table import Table

from balloonkit.costs import costs_2017
from balloonkit.messages.device import time_device
from balloonkit.messages.fit import SIZES_PFNS, MessageFit, fit_messages
from balloonkit.progress_bars import report_progress
from balloonkit.terminal import console

__all__ = ["add_messages", "message_tables"]

#: Rounds of our device for one of the guest: it answers at once, and each answer is another.
_DEVICE_TIMES = 10
_DEVICE, _GUEST = "this kit's device, in Python", "a running guest under QEMU, emulated"


def add_messages(commands: Any) -> None:
    """Add ``messages`` to the sub-commands of an `argparse.ArgumentParser`."""
    parser = commands.add_parser(
        "messages", help="what a message and what an entry cost, measured here"
    )
    parser.add_argument(
        "--live", action="store_true", help="of a running guest too (needs QEMU; half a minute)"
    )
    parser.add_argument("--memory", default="512MiB", help="of that guest (default: 512MiB)")
    parser.add_argument(
        "--rounds", type=_positive, default=20, metavar="N", help="of each length (default: 20)"
    )
    parser.add_argument("--json", action="store_true", help="plain data instead of a table")
    parser.set_defaults(run=_run)


def _positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r}: give a whole number from 1 on")
    return int(text)


def _run(options: argparse.Namespace) -> None:
    with report_progress(MofNCompleteColumn()) as progress:
        fits = {_DEVICE: fit_messages(time_device(_DEVICE_TIMES * options.rounds, progress))}
        if options.live:
            # Only where it is wanted: the rest needs no QEMU.
            from balloonkit.live import LiveGuest
            from balloonkit.live.messages import time_guest

            with LiveGuest(options.memory, progress=False) as guest:
                times_s = time_guest(guest, SIZES_PFNS, options.rounds, progress)
            fits[_GUEST] = fit_messages(times_s)
    if options.json:
        print(json.dumps({name: fit.as_dict() for name, fit in fits.items()}))
    else:
        console().print(message_tables(fits))


def message_tables(fits: Mapping[str, MessageFit]) -> Group:
    """Return the times by length, and below them the lines, beside the three prices of 2017."""
    times = Table(title="From kick to ack, median µs", caption_justify="left")
    times.add_column("PFNs in the message")
    for name in fits:
        times.add_column(name, justify="right")
    for pfns in SIZES_PFNS:
        times.add_row(f"{pfns}", *(f"{fit.medians_s[pfns] * 1e6:,.0f}" for fit in fits.values()))
    least = min(fit.rounds for fit in fits.values())
    lines = Table(
        title="Message and entry",
        caption=f"µs; in brackets what 95 % of resampled lines have, of {least} rounds at least. "
        "Measured: an entry holds its look-up and its madvise too, as the driver waits for them. "
        "2017, assumed: one figure, 2818 ms, parted in three ways.",
        caption_justify="left",
    )
    for head in ("", "message", "entry", "message's share of a full one"):
        lines.add_column(head, justify="right" if head else "left")
    for name, fit in fits.items():
        message = _interval(fit.message_s, fit.message_interval_s, 0)
        entry = _interval(fit.entry_s, fit.entry_interval_s, 2)
        lines.add_row(name, message, entry, f"{fit.message_share:.0%}")
    for price in ("message", "half", "entry"):
        costs = costs_2017(price)
        share = costs.message_s / (costs.message_s + 256 * costs.entry_s)
        message, entry = f"{costs.message_s * 1e6:.0f}", f"{costs.entry_s * 1e6:.2f}"
        lines.add_row(f"2017, assumed: {price}", message, entry, f"{share:.0%}")
    return Group(times, lines)


def _interval(seconds: float, interval_s: tuple[float, float], digits: int) -> str:
    low, high = (f"{edge * 1e6:.{digits}f}" for edge in interval_s)
    return f"{seconds * 1e6:.{digits}f} ({low} to {high})"
