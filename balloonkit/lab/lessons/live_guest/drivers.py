"""The same guest twice, with the kernel's own driver and with the proposal's, and what each did.

Both guests are booted and aged alike, on shared memory, so that releases cost the same. Where that
is impossible, a recorded guest stands in: its pages replayed through the kit's device.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import traitlets
from numpy.typing import NDArray

from balloonkit.captures import load_capture
from balloonkit.captures.zones import zones_from_zoneinfo
from balloonkit.guest.page_states import pages_by_flags
from balloonkit.guest.zones import Zone
from balloonkit.lab.lessons.live_guest.guests import RECORDED, GuestError, failures_in_words
from balloonkit.lab.lessons.live_guest.replayed_steps import replay_steps
from balloonkit.lab.view.controls import BUFFERS
from balloonkit.trace import Trace
from balloonkit.wire import PageBitmaps, encode_pfns, join_chunks
from balloonkit.wire.page_bitmap import BITMAP_BITS
from balloonkit.wire.page_chunk import MAX_CHUNKS, chunk_messages
from balloonkit.wire.pfn_array import MAX_PFNS, PFN_BYTES

if TYPE_CHECKING:
    from balloonkit.live import BalloonMove, LiveGuest

__all__ = ["BITMAPS", "DriverRun", "DriversModel", "TwoDrivers"]

#: Pages one bitmap may cover: the proposal's, and two that cut more runs.
BITMAPS = (BITMAP_BITS, 4096, 256)
_SEED = 1


@dataclass(frozen=True)
class DriverRun:
    """One inflate.

    Attributes
    ----------
    pages, messages, entries, message_bytes, releases : int
        What the host counted.
    freed_bytes : int or None
        Blocks of the memory file that are gone; None if nothing real was released.
    seconds : float or None
        Wall time in emulation; None if nothing ran.
    first_bytes : bytes
        How the first message begins.
    states : uint8, shape (PFNs,)
        The guest's memory afterwards, as numbers of `PAGE_STATES`.
    """

    pages: int
    messages: int
    entries: int
    message_bytes: int
    releases: int
    freed_bytes: int | None
    seconds: float | None
    first_bytes: bytes
    states: NDArray[np.uint8]


@dataclass(frozen=True)
class TwoDrivers:
    """The same guest with both drivers.

    Attributes
    ----------
    classic, chunks : DriverRun
    zones : tuple of Zone
    memory_bytes : int
        RAM of each guest.
    by_blocks : bool
        Whether whole blocks were asked for.
    why_recorded : str
        Why nothing ran; empty if something did.
    reloads : int
        How often the proposal's driver was loaded anew.
    problem : str
        Why the last wish was not done; empty if it was.
    """

    classic: DriverRun
    chunks: DriverRun
    zones: tuple[Zone, ...]
    memory_bytes: int
    by_blocks: bool
    why_recorded: str
    reloads: int
    problem: str


class DriversModel(traitlets.HasTraits):
    """Two guests, and what the proposal's driver is loaded with.

    Parameters
    ----------
    memory_bytes : int
        RAM of each; halved until the machine can give it.
    watch : callable
        Told in words what goes on, and nothing when it is over.
    """

    by_blocks = traitlets.Bool(False)
    join = traitlets.Bool(True)
    bitmap_bits = traitlets.Enum(BITMAPS, BITMAP_BITS)
    max_chunks = traitlets.Enum(tuple(BUFFERS.values()), MAX_CHUNKS)

    def __init__(self, memory_bytes: int, watch: Callable[[str], None] = lambda what: None) -> None:
        super().__init__()
        self.memory_bytes, self._watch = memory_bytes, watch
        self.zones: tuple[Zone, ...] = ()
        #: Why nothing runs; empty if something does.
        self.why_recorded = ""
        #: How often the driver was loaded anew, into the guest as its last deflate left it.
        self.reloads = 0
        self.problem = ""
        #: Steps of the chunks driver's run that was made last.
        self.trace: Trace | None = None
        self._guest: LiveGuest | None = None
        self._classic: DriverRun | None = None
        self._chunks: tuple[tuple[object, ...], DriverRun] | None = None

    def runs(self) -> tuple[DriverRun, DriverRun]:
        """Return what the classic driver did, once, and what the proposal's does as it is set."""
        self.problem = ""
        try:
            if self._classic is None:
                with failures_in_words():
                    self._classic, self._guest = self._both_guests()
            return self._classic, self._chunk_run()
        except GuestError as error:
            if self._classic is not None and self._chunks is not None:
                self.problem = str(error)
                return self._classic, self._chunks[1]
            self.close()
            self.why_recorded = str(error)
        finally:
            self._watch("")
        return self._recorded()

    def both(self) -> TwoDrivers:
        """Run what is not run yet, and return both drivers' work."""
        classic, chunks = self.runs()
        return TwoDrivers(
            classic,
            chunks,
            self.zones,
            self.memory_bytes,
            self.by_blocks,
            self.why_recorded,
            self.reloads,
            self.problem,
        )

    def close(self) -> None:
        """End the guest that still runs."""
        if self._guest is not None:
            self._guest.close()
            self._guest = None

    def _both_guests(self) -> "tuple[DriverRun, LiveGuest]":
        """Run the classic guest, and prepare the other in the same way."""
        from balloonkit.live.size import bootable_size

        self.memory_bytes = bootable_size(self.memory_bytes)
        # First the one that may not be possible, as it wants a compiler.
        proposed = self._prepared("chunks")
        try:
            with self._prepared("classic") as guest:
                move = guest.balloon(self.memory_bytes // 2)
                memory = guest.memory()
                zoneinfo = guest.run("cat /proc/zoneinfo")
        except BaseException:
            proposed.close()
            raise
        states = pages_by_flags(memory.flagged)
        self.zones = zones_from_zoneinfo(zoneinfo, len(states))
        return _as_run(move, encode_pfns(move.pfns[:MAX_PFNS]), states), proposed

    def _prepared(self, driver: str) -> "LiveGuest":
        from balloonkit.live import LiveGuest

        self._watch(f"{driver}: booting Linux, then ageing it")
        guest = LiveGuest(self.memory_bytes, driver=driver, shared=True, progress=False)
        try:
            guest.age(seed=_SEED)
        except BaseException:
            guest.close()
            raise
        return guest

    def _chunk_run(self) -> DriverRun:
        wanted = self.by_blocks, self.join, self.bitmap_bits, self.max_chunks
        if self._chunks is not None and self._chunks[0] == wanted:
            return self._chunks[1]
        guest = self._guest
        if guest is None:
            raise GuestError("the guests were ended: lab.drivers() starts others")
        with failures_in_words():
            from balloonkit.live import DriverOptions, step_kernel

            self._watch("chunks: loading the driver, then inflating")
            self.reloads += self._chunks is not None
            guest.load_driver(
                DriverOptions(
                    by_blocks=self.by_blocks,
                    join=self.join,
                    bitmap_bits=self.bitmap_bits,
                    message_chunks=self.max_chunks,
                )
            )
            stepper = step_kernel(guest)
            move = guest.balloon(self.memory_bytes // 2)
            self.trace = stepper.trace()
            assert move.chunks is not None
            first = next(chunk_messages(move.chunks, self.max_chunks))
            run = _as_run(move, first, pages_by_flags(guest.memory().flagged))
        self._chunks = wanted, run
        return run

    def _recorded(self) -> tuple[DriverRun, DriverRun]:
        """Replay what a recorded guest gave away; by blocks it cannot give anything."""
        capture = load_capture(RECORDED)
        self.memory_bytes = capture.guest_bytes
        states = pages_by_flags(partial(capture.flagged, "inflated"))
        self.zones = zones_from_zoneinfo(capture.text("zoneinfo_boot"), len(states))
        pfns = capture.inflate_pfns
        pages = len(pfns)
        # QEMU 7.2 made one call for each page of it, and the driver sends 256 pages a message.
        classic = DriverRun(
            pages, -(-pages // MAX_PFNS), pages, pages * PFN_BYTES, pages, None, None,
            encode_pfns(pfns[:MAX_PFNS]), states,
        )  # fmt: skip
        chunks = PageBitmaps(self.bitmap_bits).chunks(pfns)
        messages = list(
            chunk_messages(join_chunks(chunks) if self.join else chunks, self.max_chunks)
        )
        counted, self.trace = replay_steps(
            f"the recorded guest {RECORDED}, replayed",
            capture.guest_bytes,
            pages_by_flags(partial(capture.flagged, "before")),
            self.zones,
            messages,
        )
        return classic, DriverRun(
            counted.pages, counted.messages, counted.entries, counted.bytes, counted.releases,
            None, None, messages[0], states,
        )  # fmt: skip


def _as_run(move: "BalloonMove", first_message: bytes, states: NDArray[np.uint8]) -> DriverRun:
    return DriverRun(
        len(move.pfns), move.messages, move.entries, move.bytes, move.madvise_calls,
        move.freed_bytes, move.seconds, first_message, states,
    )  # fmt: skip
