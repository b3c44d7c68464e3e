"""The race: the same pages of the same guest, told PFN by PFN, in chunks, and by whole blocks.

Every path starts from a copy of the guest, so all see the same free lists. What the host makes of
a message is a choice: this kit's way, or a peer's (`balloonkit.host.rules`), on pages of any size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from balloonkit.costs import Costs, Price, Stages, costs_2017
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
from balloonkit.units import (
    BALLOON_PAGE_BYTES,
    counted,
    format_size,
    parse_size,
    size_to_pages,
)
from balloonkit.wire import Format, pack_chunks

if TYPE_CHECKING:
    from balloonkit.host.mapping import Verified

__all__ = ["HostKind", "Race", "run_race"]

# Bytes a race takes for each page of the guest and each free block, measured on idle guests and
# checkerboards: copies of the masks, PFNs of each path, and the host's own map.
_RACE_PAGE_BYTES, _RACE_BLOCK_BYTES = 24, 48

#: A host that only counts, or real memory in a process of its own.
HostKind = Literal["model", "madvise"]


@dataclass(frozen=True)
class Race:
    """How the paths compare on one guest.

    Attributes
    ----------
    guest : str
    inflate_pages : int
        4 KiB pages asked for.
    host : {"model", "madvise"}
        With the model host seconds are model time (costs of 2017); with madvise, measured here.
    reports : dict of Report, by path
    checks : dict of Verified, by path
        With madvise, what reading every page of the memory afterwards found; a path some of whose
        pages were refused is not checked.
    price : {"message", "entry", "half"}
        What model time takes sending to be paid by: an assumption, see `balloonkit.costs`.
    device : str
        Whose rule turns messages into releases, a name of `balloonkit.host.rules.DEVICE_RULES`.
    host_page_bytes : int
        The host's page.
    replayed : bool
        True if the guest gave the pages of a record.
    notes : tuple of str
        What is true of this race and no other.
    """

    guest: str
    inflate_pages: int
    host: HostKind
    reports: dict[str, Report]
    checks: "dict[str, Verified]"
    price: Price = "message"
    device: str = "kit"
    host_page_bytes: int = BALLOON_PAGE_BYTES
    replayed: bool = False
    notes: tuple[str, ...] = ()

    def seconds(self, path: str) -> Stages:
        """Return the stages of one path, on the clock of this race."""
        report = self.reports[path]
        return report.model if self.host == "model" else report.measured

    def improvement(self, path: str) -> float | None:
        """Return the share of the classic path's time that `path` saves.

        None where the two did not release equally many pages, as their times are of different
        work, or none at all.
        """
        released = {self.reports[p].counts.released_pages for p in ("classic", path)}
        if len(released) > 1 or 0 in released:
            return None
        classic = self.seconds("classic").total
        return 1 - self.seconds(path).total / classic if classic else 0.0

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the figures must know, a sentence each; none if all went as asked."""
        counts = {path: report.counts for path, report in self.reports.items()}
        said = list(self.notes)
        if any(c.pages < self.inflate_pages for c in counts.values()):
            said.append(
                f"{counted(self.inflate_pages, 'page')} were asked for; this guest has fewer to "
                "give, and each path took what it could get"
            )
        if any(c.refused_pages for c in counts.values()):
            reasons = sorted({why for report in self.reports.values() for why in report.rejected})
            told = ", ".join(f"{path} {c.refused_pages:,}" for path, c in counts.items())
            said.append(f"the host refused pages ({'; '.join(reasons)}): {told}")
        kept = {path: c.pages - c.refused_pages - c.released_pages for path, c in counts.items()}
        if any(kept.values()):
            told = ", ".join(f"{path} {pages:,}" for path, pages in kept.items())
            said.append(
                f"pages told but not released, as their host page of "
                f"{format_size(self.host_page_bytes)} is not all the balloon's, or its parts were "
                f"forgotten: {told}"
            )
        return tuple(said)

    def as_dict(self) -> dict[str, Any]:
        """Return the race as plain data, ready for JSON."""
        paths = {}
        for path, report in self.reports.items():
            counts = vars(report.counts)
            paths[path] = counts | {
                "told_bytes": report.counts.pages * BALLOON_PAGE_BYTES,
                "released_bytes": report.counts.released_pages * BALLOON_PAGE_BYTES,
                "refused_bytes": report.counts.refused_pages * BALLOON_PAGE_BYTES,
                "rejected": sum(report.rejected.values()),
                "out_of_puff": report.out_of_puff,
                "seconds": self.seconds(path).as_dict(),
            }
        resident = None
        if self.host == "madvise":
            before, after = self.reports["chunks"].resident_bytes
            resident = {"before": before, "after": after}
        return {
            "guest": self.guest,
            "inflate_pages": self.inflate_pages,
            "host": self.host,
            "clock": "model, costs of 2017" if self.host == "model" else "measured here",
            "paths": paths,
            "improvement": {p: self.improvement(p) for p in self.reports if p != "classic"},
            "price": self.price if self.host == "model" else None,
            "device": self.device,
            "host_page_bytes": self.host_page_bytes,
            "replayed": self.replayed,
            "remarks": list(self.remarks),
            "rss_bytes": resident,
            "checks": {path: check._asdict() for path, check in self.checks.items()} or None,
        }


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

    Raises
    ------
    MemoryError
        If real memory is asked for that the machine or its control group cannot give.
    ValueError
        If a format has the name of another, real memory's device cannot import it, the model's
        host read other pages than the guest gave, or there is no such device or host page.

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
    host_page_bytes = parse_size(host_page)
    reports, checks, costs = {}, {}, costs_2017(price)
    for name, path in paths.items():
        rule = path.rule or DEVICE_RULES[device]
        modelled = ModelHost(
            guest.size_bytes, regions=guest.ram, host_page_bytes=host_page_bytes, rule=rule
        )
        if host == "model":
            reports[name], chunks = _inflate(guest, path, inflate, modelled, costs)
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
        _notes(guest, host, DEVICE_RULES[device], host_page_bytes),
    )


def _notes(guest: Guest, host: HostKind, rule: DeviceRule, host_page_bytes: int) -> tuple[str, ...]:
    """Say what is assumed, left out, or not as it would be."""
    said = []
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
