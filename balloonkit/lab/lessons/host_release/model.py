"""Inputs of the release lab: translation, larger host pages, and an inflate on real memory.

Real memory is held by a process of its own, which ends with the run, whatever happens. Where no
such process can be started (Pyodide, other systems than Linux) a host that only counts
answers, and `Run.measured` is False.
"""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import traitlets
from numpy.typing import NDArray

from balloonkit.guest import Guest
from balloonkit.guest.driver import BalloonDriver
from balloonkit.host import BalloonDevice, GuestRam, ModelHost, ModelRelease
from balloonkit.host.counters import Handled
from balloonkit.limits import fitting_sizes
from balloonkit.ram_layout import RamRange, ram_layout, with_dimms
from balloonkit.units import BALLOON_PAGE_BYTES, PFN_SHIFT, parse_size
from balloonkit.wire import CLASSIC, PROPOSED, encode_chunks, encode_pfns
from balloonkit.wire.channel import Channel
from balloonkit.wire.formats import format_of
from balloonkit.wire.queue import Queue

__all__ = [
    "CHUNK_SIZES",
    "LAYOUTS",
    "ORDERS",
    "SIZES",
    "SMALL_GUEST_PAGES",
    "HostPageModel",
    "HostPages",
    "RealModel",
    "RealRuns",
    "Run",
    "TranslateModel",
    "Translation",
    "best_size",
    "can_measure",
    "inflate_for_real",
]

#: RAM of an 8 GiB guest: QEMU's q35, and two banks that touch.
LAYOUTS = {
    "q35": ram_layout(8 << 30),
    "pc": ram_layout(8 << 30, "pc"),
    "plugged": with_dimms(ram_layout(7 << 30), [1 << 30]),
    "touching": (RamRange(0, 4 << 30), RamRange(4 << 30, 4 << 30)),
}
#: Sizes of the chunk that is translated.
CHUNK_SIZES = ("4KiB", "2MiB", "64MiB", "256MiB", "1GiB", "2GiB")
#: In what order a classic message names the pages of a host page.
ORDERS = ("ascending", "scattered")
#: Pages of the guest whose host pages are shown one by one.
SMALL_GUEST_PAGES = 64
#: Sizes on offer; a pod on Binder has 1 to 2 GB in all.
SIZES = ("64MiB", "128MiB", "256MiB", "512MiB", "1GiB", "2GiB")
#: Larger sizes take long enough to be asked for by hand.
_LARGEST_DEFAULT = "512MiB"
#: Reading the resident set walks page tables, so it is not read after every message.
_SAMPLE_S = 0.03
_FEATURES = {"classic": CLASSIC, "chunks": PROPOSED}

#: Called with (path, seconds since the first message, resident bytes).
WatchResident = Callable[[str, float, int], None]


@dataclass(frozen=True)
class Run:
    """What one path did.

    Attributes
    ----------
    path : str
    measured : bool
        True if the kernel counted the resident set and the clock was a real one.
    pages, messages, releases : int
        4 KiB pages told, messages sent, and madvise calls.
    release_s : float
        Seconds spent releasing, calls from Python included.
    samples : tuple of (seconds, bytes)
        Resident set since the first message.
    """

    path: str
    measured: bool
    pages: int
    messages: int
    releases: int
    release_s: float
    samples: tuple[tuple[float, int], ...]


def can_measure() -> bool:
    """Tell whether a process with real guest memory can be started here."""
    if not hasattr(os, "memfd_create") or not hasattr(os, "fork"):
        return False
    try:
        import balloonkit.host.process  # noqa: F401
    except ImportError:
        return False
    return bool(fitting_sizes(SIZES))


def best_size() -> str:
    """Return a size to begin with: 512 MiB, or half of what fits if that is less."""
    fitting = fitting_sizes(SIZES)
    if len(fitting) < 2 or not can_measure():
        return SIZES[0]
    largest = SIZES.index(fitting[-1])
    return SIZES[min(largest - 1, SIZES.index(_LARGEST_DEFAULT))]


def inflate_for_real(
    size: str,
    path: str,
    fragmentation: float = 0.0,
    seed: int = 0,
    huge_pages: bool = False,
    watch: WatchResident = lambda path, at_s, resident_bytes: None,
) -> Run:
    """Inflate an aged guest by seven eighths of its memory.

    Raises
    ------
    MemoryLimitError
        If `size` does not fit.

    Examples
    --------
    >>> inflate_for_real("64MiB", "chunks").pages * 4096 >> 20
    56
    """
    guest = Guest.aged(size, fragmentation, seed)
    measured = can_measure()
    samples: list[tuple[float, int]] = []
    with ExitStack() as stack:
        if measured:
            from balloonkit.host.process import ProcessHost

            host: ProcessHost | ModelHost = ProcessHost(size, huge_pages=huge_pages)
        else:
            host = ModelHost(size)
        stack.enter_context(host)

        def sample() -> None:
            samples.append((time.perf_counter() - start_s, host.resident_bytes()))
            watch(path, *samples[-1])

        def send(queue: Queue, message: bytes) -> None:
            channel.send(message)
            if time.perf_counter() - start_s > samples[-1][0] + _SAMPLE_S:
                sample()

        features = host.negotiate(_FEATURES[path])
        channel = Channel(host.memory, Queue.INFLATE, host.kick, host.wait)
        driver = BalloonDriver(guest, format_of(features), send)
        start_s = time.perf_counter()
        sample()
        sent = driver.fill(guest.size_bytes // 8 * 7 // BALLOON_PAGE_BYTES)
        sample()
        counters = host.counters()
    return Run(
        path,
        measured,
        sent.pages,
        sent.messages,
        counters.releases,
        counters.release_s,
        tuple(samples),
    )


@dataclass(frozen=True)
class Translation:
    """What became of a chunk.

    Attributes
    ----------
    regions : sequence of RamRange
        The guest's RAM.
    chunk : tuple of int
        First PFN and number of 4 KiB pages.
    handled : Handled
        The device's report.
    pieces : list of (PFN, host page, pages)
        Empty when the chunk is refused.
    """

    regions: Sequence[RamRange]
    chunk: tuple[int, int]
    handled: Handled
    pieces: list[tuple[int, int, int]]


class TranslateModel(traitlets.HasTraits):
    """A chunk of an 8 GiB guest."""

    layout = traitlets.Enum(tuple(LAYOUTS), "q35")
    first_mib = traitlets.Int(5120, min=0, max=10240)
    size = traitlets.Enum(CHUNK_SIZES, "256MiB")

    def chunk(self) -> tuple[int, int]:
        """Return the chunk: first PFN and number of 4 KiB pages."""
        return self.first_mib << 20 >> PFN_SHIFT, parse_size(self.size) >> PFN_SHIFT

    def handle(self) -> Translation:
        """Let a device handle it."""
        ram = GuestRam(LAYOUTS[self.layout])
        device = BalloonDevice(ram, ModelRelease(ram.pages))
        device.negotiate(PROPOSED)
        handled = device.handle(Queue.INFLATE, encode_chunks([self.chunk()]))
        pieces = []
        if handled.entries:
            pfn, pages = self.chunk()
            starts, counts = ram.translate(np.array([pfn]), np.array([pages]))
            for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
                pieces.append((pfn, start, count))
                pfn += count
        return Translation(LAYOUTS[self.layout], self.chunk(), handled, pieces)


@dataclass(frozen=True)
class HostPages:
    """A small guest after its balloon grew.

    Attributes
    ----------
    parts : int
        Guest pages in one host page.
    ballooned, resident : bool, shape (guest pages,)
    """

    parts: int
    ballooned: NDArray[np.bool_]
    resident: NDArray[np.bool_]


class HostPageModel(traitlets.HasTraits):
    """A guest of 64 small pages on a host with larger ones."""

    host_kib = traitlets.Enum((4, 16, 64), 64)
    told = traitlets.Int(20, min=0, max=SMALL_GUEST_PAGES)
    order = traitlets.Enum(ORDERS, "ascending")
    seed = traitlets.Int(1, min=0, max=20)

    def run(self) -> HostPages:
        """Tell the device of `told` pages."""
        pfns = np.arange(SMALL_GUEST_PAGES)
        if self.order == "scattered":
            pfns = np.random.default_rng(self.seed).permutation(pfns)
        backend = ModelRelease(SMALL_GUEST_PAGES, self.host_kib << 10)
        device = BalloonDevice(
            GuestRam([RamRange(0, SMALL_GUEST_PAGES * BALLOON_PAGE_BYTES)]), backend
        )
        device.handle(Queue.INFLATE, encode_pfns(pfns[: self.told]))
        ballooned = np.isin(np.arange(SMALL_GUEST_PAGES), pfns[: self.told])
        return HostPages(self.host_kib // 4, ballooned, backend.resident.copy())


@dataclass(frozen=True)
class RealRuns:
    """The classic path and chunks on real memory."""

    total_bytes: int
    runs: tuple[Run, ...]


class RealModel(traitlets.HasTraits):
    """Real memory, and how it is used."""

    size = traitlets.Enum(SIZES)
    huge_pages = traitlets.Bool(False)
    fragmentation = traitlets.Float(0.1, min=0, max=1)
    seed = traitlets.Int(1, min=0, max=20)

    def __init__(self, **inputs: object) -> None:
        super().__init__(**({"size": best_size()} | inputs))

    def runs(self, watch: WatchResident) -> RealRuns:
        """Inflate on both paths; `watch` is told of the resident set meanwhile."""
        inputs = (self.fragmentation, self.seed, self.huge_pages, watch)
        runs = tuple(inflate_for_real(self.size, path, *inputs) for path in ("classic", "chunks"))
        return RealRuns(parse_size(self.size), runs)
