"""The race: the same pages of the same guest, told PFN by PFN, in chunks, and by whole blocks.

Every path starts from a copy of the guest, so all see the same free lists. What the host makes of
a message is a choice: this kit's way, or a peer's (`balloonkit.host.rules`), on pages of any size.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from balloonkit.costs import Costs, Price, costs_2017
from balloonkit.guest import Guest
from balloonkit.guest.replayed import ReplayedGuest
from balloonkit.host.host import Host
from balloonkit.host.model import ModelHost
from balloonkit.host.rules import DEVICE_RULES, KIT, DeviceRule
from balloonkit.limits import check_modelled
from balloonkit.machine import Machine, Report
from balloonkit.paths import PATHS
from balloonkit.paths import Path as RacePath
from balloonkit.progress import Progress
from balloonkit.race_result import HostKind, Race
from balloonkit.residency import TOUCHED, Gain, TouchedMemory, gain_of, resident_before
from balloonkit.units import (
    BALLOON_PAGE_BYTES,
    counted,
    format_size,
    parse_size,
    size_to_pages,
)
from balloonkit.wire import Format, pack_chunks

__all__ = ["Race", "run_race"]

# Bytes a race takes for each page of the guest and each free block, measured on idle guests and
# checkerboards: copies of the masks, PFNs of each path, and the host's own map.
_RACE_PAGE_BYTES, _RACE_BLOCK_BYTES = 24, 48


def run_race(
    guest: Guest,
    inflate: str | int,
    host: HostKind = "model",
    huge_pages: bool = False,
    progress: Progress | None = None,
    formats: Sequence[Format] = (),
    price: Price = "message",
    device: str = "kit",
    host_page: str | int = BALLOON_PAGE_BYTES,
    touched: TouchedMemory = "all",
) -> Race:
    """Inflate `guest` by `inflate` on every path.

    Parameters
    ----------
    guest : Guest
        Left as it is.
    inflate : size
        Text or bytes.
    host : {"model", "madvise"}
        Keep books, or release real memory in a process of its own.
    huge_pages : bool
        Back the real memory with transparent huge pages.
    progress : callable (what, done_bytes, total_bytes), optional
        Called while long work goes on; a total of 0 means that it cannot be told.
    formats : sequence of Format
        Formats of your own, to race beside the others under their names.
    price : {"message", "entry", "half"}
        What model time takes sending to be paid by; the figures of 2017 fit each.
    device : str
        Whose rule turns messages into releases, a name of `balloonkit.host.rules.DEVICE_RULES`;
        on the joined path it is always the joining one.
    host_page : size
        The host's page, text or bytes.
    touched : {"all", "blocks", "in-use"}
        What of the guest's RAM had memory behind it; real memory is populated all.

    Raises
    ------
    MemoryError
        If real memory is asked for that the machine or its control group cannot give.
    ValueError
        If a format has the name of another, real memory's device cannot import it, the model's
        host read other pages than the guest gave, or there is no such device, host page
        or assumption of what was touched.

    Examples
    --------
    >>> race = run_race(Guest.idle("64MiB"), "32MiB")
    >>> {name: report.counts.messages for name, report in race.reports.items()}
    {'classic': 32, 'classic_joined': 32, 'chunks': 1, 'chunks_block_alloc': 1}
    """
    if device not in DEVICE_RULES:
        raise ValueError(f"device {device!r}: choose from {', '.join(DEVICE_RULES)}")
    replayed = isinstance(guest, ReplayedGuest)
    paths = {name: path for name, path in PATHS.items() if not (replayed and path.block_alloc)}
    for own in formats:
        if own.name in paths:
            raise ValueError(f"format {own.name!r}: there is a path of that name; choose another")
        paths[own.name] = RacePath(own.name, own)
    inflate_pages = size_to_pages(inflate)
    _check_room(guest)
    if touched != "all" and host != "model":
        raise ValueError(f"touched {touched!r}: real memory is populated all; take host='model'")
    host_page_bytes = parse_size(host_page)
    resident = resident_before(guest, touched)
    reports, checks, costs = {}, {}, costs_2017(price)
    gains: dict[str, Gain] = {}
    for name, path in paths.items():
        rule = path.rule or DEVICE_RULES[device]
        modelled = ModelHost(
            guest.size_bytes,
            regions=guest.ram,
            host_page_bytes=host_page_bytes,
            rule=rule,
            resident=resident,
        )
        if host == "model":
            reports[name], chunks = _inflate(guest, path, inflate, modelled, costs)
            gains[name] = gain_of(resident, modelled.resident_pages)
            if name not in PATHS and not reports[name].rejected:
                _check_read(name, chunks, modelled)
            continue
        # Only where it is wanted: a browser's Python has no processes.
        from balloonkit.host.process import ProcessHost

        say = progress or (lambda what, done, total: None)
        with ProcessHost(
            guest.size_bytes,
            regions=guest.ram,
            huge_pages=huge_pages,
            progress=partial(say, f"{name}: populate memory"),
            host_page_bytes=host_page_bytes,
            rule=rule,
        ) as real:
            say(f"{name}: inflate and check", 0, 0)
            reports[name], chunks = _inflate(guest, path, inflate, real, costs)
            if not reports[name].counts.refused_pages:
                if host_page_bytes > BALLOON_PAGE_BYTES:
                    _inflate(guest, path, inflate, modelled, costs)  # says which must be gone
                    chunks = _released(chunks, modelled)
                checks[name] = real.verify(chunks)
            say(f"{name}: inflate and check", 1, 1)
    return Race(
        guest.name,
        inflate_pages,
        host,
        reports,
        checks,
        price,
        device,
        host_page_bytes,
        replayed,
        touched,
        gains,
        _notes(guest, host, DEVICE_RULES[device], host_page_bytes, touched),
    )


def _notes(
    guest: Guest, host: HostKind, rule: DeviceRule, host_page_bytes: int, touched: TouchedMemory
) -> tuple[str, ...]:
    """Say what is assumed, left out, or not as it would be."""
    said = [f"assumed: {TOUCHED[touched]}"] if touched != "all" else []
    if isinstance(guest, ReplayedGuest):
        again = ""
        if guest.repeated_pages:
            counts = "counts" if guest.repeated_pages == 1 else "count"
            again = f"; {counted(guest.repeated_pages, 'page')} it sent again {counts} once"
        said.append(
            f"replayed: the very pages the real driver sent, in its order{again}. No driver has "
            "allocated by blocks, so that path is left out"
        )
    if rule is not KIT:
        said.append(
            f"released by the rule of {rule.title} ({rule.source}), but for the joined path. "
            "It reads no chunks: on the others a chunk is taken as its pages"
        )
    if host == "madvise" and host_page_bytes > BALLOON_PAGE_BYTES:
        said.append(
            f"the device takes {format_size(host_page_bytes)} for the host's page; the memory here "
            "has pages of its own size"
        )
    return tuple(said)


def _check_room(guest: Guest) -> None:
    """Refuse a race that would need more memory than there is, before its copies are made."""
    blocks = sum(sum(counts) for counts in guest.buddy.buddyinfo().values())
    needed_bytes = len(guest.buddy.free_mask) * _RACE_PAGE_BYTES + blocks * _RACE_BLOCK_BYTES
    what = f"a race on {format_size(guest.size_bytes)}"
    check_modelled(needed_bytes, what, guest.size_bytes)


def _check_read(name: str, chunks: NDArray[np.uint64], host: ModelHost) -> None:
    """Hold what the host released against what the guest gave, both from 4 KiB page to page."""
    given = np.zeros_like(host.resident_pages)
    ram, (bases, sizes) = host.device.ram, chunks.astype(np.int64).T
    inside = ram.contains(bases, sizes)
    for start, count in zip(*ram.translate(bases[inside], sizes[inside]), strict=True):
        given[start : start + count] = True
    read = host.device.ballooned
    lost, added = given & ~read, read & ~given
    if lost.any() or added.any():
        raise ValueError(
            f"format {name!r}: of the pages given, {np.count_nonzero(lost):,} were never told, and "
            f"{np.count_nonzero(added):,} others were; check_format of exercise 6 says which first"
        )


def _released(chunks: NDArray[np.uint64], host: ModelHost) -> NDArray[np.uint64]:
    """Return those pages of `chunks` that the modelled host released, as chunks."""
    bases, sizes = chunks.astype(np.int64).T
    pfns = np.repeat(bases - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())
    gone = ~host.resident_pages[host.device.ram.translate_pages(pfns)]
    return pack_chunks(pfns[gone])


def _inflate(
    guest: Guest, path: RacePath, inflate: str | int, host: Host, costs: Costs
) -> tuple[Report, NDArray[np.uint64]]:
    machine = Machine(
        guest.copy(), host=host, format=path.format, block_alloc=path.block_alloc, costs=costs
    )
    report = machine.inflate(inflate)
    return report, pack_chunks(machine.driver.held) * np.uint64(machine.driver.scale)
