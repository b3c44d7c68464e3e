"""Inputs of the live lab, the guest they act on, and what became of it."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import traitlets
from numpy.typing import NDArray

from balloonkit.guest.zones import Zone
from balloonkit.host import BalloonDevice, GuestRam, ModelRelease
from balloonkit.host.counters import DeviceCounters
from balloonkit.lab.lessons.live_guest.guests import (
    Glance,
    GuestError,
    RealGuest,
    RecordedGuest,
    WatchedGuest,
)
from balloonkit.lab.view.controls import BUFFERS
from balloonkit.units import format_size
from balloonkit.wire import PROPOSED, pack_chunks
from balloonkit.wire.page_chunk import MAX_CHUNKS, chunk_messages
from balloonkit.wire.queue import Queue

__all__ = ["KEPT_PERCENT", "LiveModel", "Replay", "SeenGuest"]

#: Share of the files that stay after ageing.
KEPT_PERCENT = (10, 50)

#: Called with what goes on, the resident set, and the guest's RAM, in bytes.
WatchWork = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Replay:
    """The same pages on two paths.

    Attributes
    ----------
    pages, messages, madvise_calls : int
        What the real driver sent and QEMU did.
    chunks : DeviceCounters
        What a device that speaks chunks counted for these pages.
    chunk_pages : int64, shape (chunks,)
        Length of each chunk.
    """

    pages: int
    messages: int
    madvise_calls: int
    chunks: DeviceCounters
    chunk_pages: NDArray[np.int64]


@dataclass(frozen=True)
class SeenGuest:
    """A guest as its kernel last told of it, and what was last done to it.

    Attributes
    ----------
    name : str
    zones : tuple of Zone
    memory_bytes, asked_bytes : int
        Its RAM, and how much was asked for.
    look : Glance
    look_at : float
        Per cent of the addresses to skip.
    seconds : float
        What the last action took.
    samples : tuple of (seconds, bytes)
        The resident set meanwhile.
    aged : (int, int) or None
        Seed, and per cent of the files kept, if it was aged.
    problem : str
        Why the last action was not done; empty if it was.
    why_recorded : str
        Why this is no live guest; empty if it is one.
    replay : Replay or None
        What it gave away on two paths, where that was asked for.
    """

    name: str
    zones: tuple[Zone, ...]
    memory_bytes: int
    asked_bytes: int
    look: Glance
    look_at: float
    seconds: float
    samples: tuple[tuple[float, int], ...]
    aged: tuple[int, int] | None
    problem: str
    why_recorded: str
    replay: Replay | None = None


class LiveModel(traitlets.HasTraits):
    """A guest and what is asked of it.

    Parameters
    ----------
    memory_bytes : int
        RAM of the guest; it gets less on a machine that cannot give so much.
    watch : callable
        Told of the resident set while something goes on.
    """

    init_on_alloc = traitlets.Bool(False)
    seed = traitlets.Int(1, min=1, max=9)
    kept_percent = traitlets.Enum(KEPT_PERCENT, KEPT_PERCENT[0])
    left_mib = traitlets.Int(0, min=0)
    memory_mib = traitlets.Int(0)
    look_at = traitlets.Float(60, min=0, max=100)
    max_chunks = traitlets.Enum(tuple(BUFFERS.values()), MAX_CHUNKS)

    def __init__(self, memory_bytes: int, watch: WatchWork = lambda what, now, of: None) -> None:
        super().__init__()
        self.asked_bytes, self._watch = memory_bytes, watch
        self._guest: WatchedGuest | None = None
        self.why_recorded = ""
        self.problem = ""
        self.booted: bool | None = None
        self.aged: tuple[int, int] | None = None
        self.seconds = 0.0
        self.samples: list[tuple[float, int]] = []
        self.look: Glance

    @property
    def guest(self) -> WatchedGuest:
        """The guest; it boots when it is first wanted."""
        if self._guest is None:
            self.boot()
        assert self._guest is not None
        return self._guest

    def boot(self) -> None:
        """Boot another guest, or take a recorded one and keep the reason."""
        self.close()
        started_s = time.monotonic()
        self.why_recorded = ""
        try:
            guest: WatchedGuest = RealGuest(self.asked_bytes, self.init_on_alloc)
            look = guest.look()
        except GuestError as error:
            guest = RecordedGuest()
            look, self.why_recorded = guest.look(), str(error)
        self._guest, self.look = guest, look
        self.seconds = time.monotonic() - started_s
        self.problem, self.booted, self.aged = "", self.init_on_alloc, None
        self.memory_mib = guest.memory_bytes >> 20
        self._show(look)
        self.left_mib = self.memory_mib

    def age(self) -> None:
        """Let the guest age; its balloon is empty then."""
        self.aged = self.seed, self.kept_percent
        watch = self._watching("ageing, some seconds")
        guest = self.guest
        self._do(lambda: guest.age(self.seed, self.kept_percent / 100, watch))
        self.left_mib = self.look.left_bytes >> 20

    def move(self) -> None:
        """Move the balloon to where it is asked to be; a refusal is kept as the problem."""
        guest, left_bytes = self.guest, self.left_mib << 20
        self.problem = ""
        if left_bytes != self.look.left_bytes:
            watch = self._watching(f"balloon to {format_size(left_bytes)}")
            self._do(lambda: guest.balloon(left_bytes, watch))

    def replay(self) -> Replay:
        """Send every page given away since the balloon was empty as chunks."""
        given = self.guest.inflates
        ram = GuestRam.of_size(self.guest.memory_bytes)
        device = BalloonDevice(ram, ModelRelease(ram.pages))
        device.negotiate(PROPOSED)
        packed = [pack_chunks(inflate.pfns) for inflate in given]
        for chunks in packed:
            for message in chunk_messages(chunks, self.max_chunks):
                device.handle(Queue.INFLATE, message)
        sizes = [chunks[:, 1].astype(np.int64) for chunks in packed]
        return Replay(
            sum(len(inflate.pfns) for inflate in given),
            sum(inflate.messages for inflate in given),
            sum(inflate.madvise_calls for inflate in given),
            device.counters(),
            np.concatenate([np.empty(0, np.int64), *sizes]),
        )

    def seen(self, replay: Replay | None = None) -> SeenGuest:
        """Return the guest as it was last looked at."""
        guest = self.guest
        return SeenGuest(
            guest.name,
            guest.zones,
            guest.memory_bytes,
            self.asked_bytes,
            self.look,
            self.look_at,
            self.seconds,
            tuple(self.samples),
            self.aged,
            self.problem,
            self.why_recorded,
            replay,
        )

    def age_anew(self) -> SeenGuest:
        """Let the guest age, if it was not aged just so."""
        if self.aged != (self.seed, self.kept_percent):
            self.age()
        return self.seen()

    def move_and_replay(self) -> SeenGuest:
        """Move the balloon, and send what it took once more as chunks."""
        self.move()
        return self.seen(self.replay())

    def close(self) -> None:
        """End the guest."""
        if self._guest is not None:
            self._guest.close()

    def _do(self, act: Callable[[], float | None]) -> None:
        last, self.samples = (self.seconds, self.samples), []
        started_s = time.monotonic()
        try:
            self.seconds = act() or time.monotonic() - started_s
            self.problem = ""
        except GuestError as error:
            self.seconds, self.samples = last
            self.problem = str(error)
        # A guest that is gone keeps its last picture.
        with suppress(GuestError):
            self.look = self.guest.look()
            self._show(self.look)

    def _watching(self, what: str) -> Callable[[int], None]:
        started_s = time.monotonic()

        def watch(resident_bytes: int) -> None:
            self.samples.append((time.monotonic() - started_s, resident_bytes))
            self._watch(what, resident_bytes, self.memory_mib << 20)

        return watch

    def _show(self, look: Glance) -> None:
        if look.resident_bytes is not None:
            self._watch("at this moment", look.resident_bytes, self.memory_mib << 20)
