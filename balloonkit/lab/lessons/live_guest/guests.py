"""The guest of the live lab: a Linux kernel under QEMU, or, where there is none, a recorded one.

Both give memory away and take it back, and tell what they did in the same words. A recorded guest
is a shipped capture: it can only do again what the real guest did then.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from balloonkit.captures import load_capture, parse_buddyinfo
from balloonkit.captures.zones import zones_from_zoneinfo
from balloonkit.guest import BuddyAllocator
from balloonkit.guest.blocks import Pfns
from balloonkit.guest.page_states import PAGE_STATES, pages_by_flags
from balloonkit.guest.zones import Zone
from balloonkit.units import BALLOON_PAGE_BYTES, format_size
from balloonkit.wire.pfn_array import MAX_PFNS

if TYPE_CHECKING:
    from balloonkit.live import LiveGuest

__all__ = [
    "RECORDED",
    "Glance",
    "GuestError",
    "RealGuest",
    "RecordedGuest",
    "SeenInflate",
    "WatchedGuest",
    "failures_in_words",
]

#: The capture that stands in for a live guest, and why this one: it is the smallest.
RECORDED = "aged-1g"
_SAMPLE_S = 0.05

#: Called with the resident set, in bytes, while something goes on.
WatchBytes = Callable[[int], None]


class GuestError(Exception):
    """Something the guest could not do; the text is for whoever looks at the view."""


@dataclass(frozen=True)
class Glance:
    """A guest's memory at one moment.

    Attributes
    ----------
    left_bytes : int
        RAM less the balloon.
    states : uint8, shape (PFNs,)
        Numbers of `PAGE_STATES`.
    blocks : dict of zone to list of int
        Free blocks at order 0..10.
    resident_bytes : int or None
        What QEMU has resident of the guest's RAM; None if it was not recorded.
    """

    left_bytes: int
    states: NDArray[np.uint8]
    blocks: dict[str, list[int]]
    resident_bytes: int | None


@dataclass(frozen=True)
class SeenInflate:
    """One growth of the balloon: the pages in wire order, and what QEMU counted for them."""

    pfns: Pfns
    messages: int
    madvise_calls: int


class WatchedGuest(Protocol):
    """What the lab asks of either guest."""

    name: str
    memory_bytes: int
    zones: tuple[Zone, ...]
    #: Since the balloon was last empty.
    inflates: list[SeenInflate]

    def look(self) -> Glance:
        """Read the guest's memory."""

    def age(self, seed: int, kept: float, watch: WatchBytes) -> None:
        """Empty the balloon, remove the files of the last ageing, and age."""

    def balloon(self, left_bytes: int, watch: WatchBytes) -> float:
        """Move the balloon and return the seconds it took."""

    def close(self) -> None:
        """End the guest."""


class RealGuest:
    """A live guest; booting another one ends it, so that running a cell twice costs no memory.

    Raises
    ------
    GuestError
        If there can be none here, or as soon as it is gone.
    """

    _running: ClassVar["LiveGuest | None"] = None

    def __init__(self, memory_bytes: int, init_on_alloc: bool) -> None:
        with failures_in_words():
            from balloonkit.live import LiveGuest
            from balloonkit.live.size import bootable_size

            if RealGuest._running is not None:
                RealGuest._running.close()
            memory_bytes = bootable_size(memory_bytes)
            self._guest = LiveGuest(memory_bytes, init_on_alloc=init_on_alloc, progress=False)
            RealGuest._running = self._guest
            memory = self._guest.memory()
            zoneinfo = self._guest.run("cat /proc/zoneinfo")
        self.name = f"Linux {self._guest.software['kernel']} on {self._guest.software['vmm']}"
        self.memory_bytes = memory_bytes
        self.zones = zones_from_zoneinfo(zoneinfo, len(memory.flags))
        self.inflates: list[SeenInflate] = []

    def look(self) -> Glance:
        """Read page flags and free lists from the guest's kernel, the resident set from ours."""
        with failures_in_words():
            memory = self._guest.memory()
            return Glance(
                self._guest.actual(),
                pages_by_flags(memory.flagged),
                parse_buddyinfo(memory.buddyinfo),
                self._guest.resident(),
            )

    def age(self, seed: int, kept: float, watch: WatchBytes) -> None:
        """Let the kernel write files and remove most of them."""
        with failures_in_words(), _watched(self._guest, watch):
            self._guest.balloon(self.memory_bytes)
            self.inflates.clear()
            self._guest.run("rm -rf /age/*")
            self._guest.age(seed=seed, kept=kept)

    def balloon(self, left_bytes: int, watch: WatchBytes) -> float:
        """Move the balloon of the running kernel."""
        with failures_in_words(), _watched(self._guest, watch):
            move = self._guest.balloon(left_bytes)
        if move.madvise_calls:
            self.inflates.append(SeenInflate(move.pfns, move.messages, move.madvise_calls))
        if left_bytes == self.memory_bytes:
            self.inflates.clear()
        return move.seconds

    def close(self) -> None:
        """End QEMU; nothing of it stays."""
        self._guest.close()


@dataclass
class RecordedGuest:
    """A guest that ran elsewhere: its pages, and the order in which it really gave them away."""

    name: str = f"recorded guest {RECORDED}"
    inflates: list[SeenInflate] = field(default_factory=list)

    def __post_init__(self) -> None:
        capture = load_capture(RECORDED)
        self.memory_bytes = capture.guest_bytes
        self._before = pages_by_flags(partial(capture.flagged, "before"))
        self._sent_pfns = capture.inflate_pfns
        self.zones = zones_from_zoneinfo(capture.text("zoneinfo_boot"), len(self._before))
        self._given_pages = 0

    def look(self) -> Glance:
        """Rebuild the moment when so many pages were in the balloon."""
        states = self._before.copy()
        states[self._sent_pfns[: self._given_pages]] = PAGE_STATES["in balloon"]
        free = states == PAGE_STATES["free"]
        blocks = BuddyAllocator.from_free_mask(free, self.zones).buddyinfo()
        return Glance(self._left_bytes, states, blocks, None)

    def age(self, seed: int, kept: float, watch: WatchBytes) -> None:
        """Do nothing: it was aged before it was recorded."""

    def balloon(self, left_bytes: int, watch: WatchBytes) -> float:
        """Give as many pages as it gave then, in the same order."""
        pages = (self.memory_bytes - left_bytes) // BALLOON_PAGE_BYTES
        if pages > len(self._sent_pfns):
            most = format_size(self.memory_bytes - len(self._sent_pfns) * BALLOON_PAGE_BYTES)
            raise GuestError(
                f"balloon to {format_size(left_bytes)}: the recorded guest was left with {most}"
            )
        if pages > self._given_pages:
            pfns = self._sent_pfns[self._given_pages : pages]
            # QEMU 7.2 made one call for each page of it, and the driver sends 256 pages a message.
            self.inflates.append(SeenInflate(pfns, -(-len(pfns) // MAX_PFNS), len(pfns)))
        self._given_pages = pages
        if not pages:
            self.inflates.clear()
        return 0.0

    def close(self) -> None:
        """Nothing runs."""

    @property
    def _left_bytes(self) -> int:
        return self.memory_bytes - self._given_pages * BALLOON_PAGE_BYTES


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Turn what a live guest raises into words; a browser's Python has none."""
    try:
        from balloonkit.live import GuestDiedError, LiveError
    except ImportError as error:
        raise GuestError(f"no live guest in this Python: {error}") from error
    try:
        yield
    except GuestDiedError as error:
        raise GuestError(f"{error}. Boot another: lab.boot()") from error
    except (LiveError, OSError) as error:  # OSError: a system that is no Linux, or a full disk
        raise GuestError(str(error)) from error


@contextmanager
def _watched(guest: "LiveGuest", watch: WatchBytes) -> Iterator[None]:
    """Read the resident set again and again in a thread until the block ends."""
    from balloonkit.live import LiveError

    ended = Event()

    def look() -> None:
        # A guest that died is reported by what waits for it, not here.
        with suppress(LiveError):
            while not ended.wait(_SAMPLE_S):
                watch(guest.resident())

    watch(guest.resident())
    thread = Thread(target=look, name="balloonkit-resident", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    watch(guest.resident())
