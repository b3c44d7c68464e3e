"""Run the field on one guest."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.field.balloons import HugeBalloon, PathBalloon
from balloonkit.field.contender import Contender, Taken
from balloonkit.field.frames import FrameStates, VirtioMem
from balloonkit.field.prices import foretell_published, seconds_of
from balloonkit.field.reports import Hinting, Reporting
from balloonkit.guest.guest import Guest
from balloonkit.host.ram import GuestRam
from balloonkit.limits import check_memory
from balloonkit.progress import Progress
from balloonkit.race_result import HostKind
from balloonkit.units import BALLOON_PAGE_BYTES, size_to_pages

__all__ = ["CONTENDERS", "Field", "FieldRow", "run_field"]

_BALLOON = "Linux drivers/virtio/virtio_balloon.c; rates: EuroSys 2025"

#: Every competitor, by the name the command's JSON has for it.
CONTENDERS: dict[str, Contender] = {
    "classic": PathBalloon("classic", _BALLOON),
    "classic_joined": PathBalloon("classic_joined", "balloonkit.host.rules"),
    "chunks": PathBalloon("chunks", "PAGE_CHUNKS v10, 4 May 2017"),
    "chunks_block_alloc": PathBalloon("chunks_block_alloc", "PAGE_CHUNKS v10, its TODO"),
    "order_9": HugeBalloon(),
    "reporting": Reporting(),
    "reporting_order_0": Reporting(0, 2.0, 512),
    "reporting_fast": Reporting(0, 0.1, 32),
    "hinting": Hinting(),
    "virtio_mem": VirtioMem(),
    "virtio_mem_movable": VirtioMem(movable=True),
    "frame_states": FrameStates(),
}


@dataclass(frozen=True)
class FieldRow:
    """One competitor on one guest.

    Attributes
    ----------
    contender : Contender
    taken : Taken
    untouched_s, touched_s : float or None
        Model seconds at the prices of 2025, on memory never touched and touched.
    release_s : float or None
        Seconds its release calls took here, on real touched memory; None unless asked for.
    """

    contender: Contender
    taken: Taken
    untouched_s: float | None
    touched_s: float | None
    release_s: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain data, ready for JSON."""
        taken = self.taken
        return {
            "title": self.contender.title,
            "source": self.contender.source,
            "released_bytes": taken.pages * BALLOON_PAGE_BYTES,
            "units": taken.units,
            "messages": taken.messages,
            "allocations": taken.allocations,
            "releases": taken.releases,
            "migrated_pages": taken.migrated_pages,
            "waited_seconds": taken.waited_s,
            "untouched_seconds": self.untouched_s,
            "touched_seconds": self.touched_s,
            "measured_release_seconds": self.release_s,
            "remark": taken.remark or None,
        }


@dataclass(frozen=True)
class Field:
    """What every competitor took of one guest."""

    guest: str
    inflate_pages: int
    rows: dict[str, FieldRow]

    def as_dict(self) -> dict[str, Any]:
        """Return the field as plain data, ready for JSON."""
        return {
            "guest": self.guest,
            "inflate_pages": self.inflate_pages,
            "field": "2026",
            "clock": "model, unit prices fitted to EuroSys 2025",
            "contenders": {name: row.as_dict() for name, row in self.rows.items()},
            "published": [row._asdict() | {"error": row.error} for row in foretell_published()],
        }


def run_field(
    guest: Guest, inflate: str | int, host: HostKind = "model", progress: Progress | None = None
) -> Field:
    """Let each competitor take `inflate` from a copy of `guest`.

    Parameters
    ----------
    guest : Guest
        Left as it is.
    inflate : size
        Text or bytes.
    host : {"model", "madvise"}
        With madvise each one's release calls are made on real memory, and timed.
    progress : callable (what, done, total), optional

    Raises
    ------
    ValueError
        If the guest's pages are not 4 KiB.
    MemoryError
        If real memory is asked for that the machine cannot give.

    Examples
    --------
    >>> rows = run_field(Guest.idle("64MiB"), "32MiB").rows
    >>> rows["frame_states"].taken.pages, rows["frame_states"].taken.messages
    (8192, 0)
    """
    if guest.page_bytes != BALLOON_PAGE_BYTES:
        raise ValueError(
            f"guest pages of {guest.page_bytes} bytes: the field of 2026 is modelled for "
            f"{BALLOON_PAGE_BYTES}"
        )
    pages = size_to_pages(inflate)
    say = progress or (lambda what, done, total: None)
    if host == "madvise":
        check_memory(guest.size_bytes)
    rows = {}
    for number, (name, contender) in enumerate(CONTENDERS.items()):
        say("field of 2026", number, len(CONTENDERS))
        taken = contender.take(guest.copy(), pages)
        measured_s = _measure(guest, taken) if host == "madvise" else None
        untouched_s, touched_s = (seconds_of(contender, taken, t) for t in (False, True))
        rows[name] = FieldRow(contender, taken, untouched_s, touched_s, measured_s)
    say("field of 2026", len(CONTENDERS), len(CONTENDERS))
    return Field(guest.name, pages, rows)


def _measure(guest: Guest, taken: Taken) -> float | None:
    """Make the release calls on real memory of the guest's size; None if there are none."""
    from balloonkit.host.mapping import MappingRelease

    if not taken.releases:
        return None
    ram = GuestRam(guest.ram)
    places: tuple[NDArray[np.int64], NDArray[np.int64]] = ram.translate(taken.starts, taken.counts)
    with MappingRelease(ram.pages) as memory:
        memory.populate()
        start_s = time.perf_counter()
        failures = memory.release_ranges(*places)
        release_s = time.perf_counter() - start_s
    if failures:
        raise failures[0]
    return release_s
