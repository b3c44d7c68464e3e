"""One inflate on real memory, with the resident set read while it falls.

The memory is held by a process of its own, which ends with the run, whatever happens. Where no
such process can be started (Pyodide, other systems than Linux) a host that only counts
answers, and `Run.measured` is False.
"""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from balloonkit.guest import Guest
from balloonkit.guest.driver import BalloonDriver
from balloonkit.host import ModelHost
from balloonkit.limits import fitting_sizes
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire import CLASSIC, PROPOSED
from balloonkit.wire.channel import Channel
from balloonkit.wire.formats import format_of
from balloonkit.wire.queue import Queue

__all__ = ["SIZES", "Run", "best_size", "can_measure", "inflate_for_real"]

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
