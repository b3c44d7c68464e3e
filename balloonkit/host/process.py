"""The device in a process of its own, on real memory.

The window is a memfd both processes map; kicks and acks are eventfds; everything that is not the
data path (set-up, books, resident set, checks, reset) goes over a socket pair. All of them vanish
with the processes: the child ends when its socket closes or, if this process is killed, by
``PR_SET_PDEATHSIG``; if the child ends, the next wait or question raises `DeviceLostError`.
"""

import mmap
import os
import pickle
import select
import sys
import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from balloonkit.events import Listener
from balloonkit.host.child import DeviceProcess
from balloonkit.host.counters import DeviceCounters
from balloonkit.host.mapping import Verified
from balloonkit.host.ram import GuestRam
from balloonkit.host.rules import KIT, DeviceRule
from balloonkit.limits import check_memory
from balloonkit.ram_layout import RamRange, ram_layout
from balloonkit.units import BALLOON_PAGE_BYTES, parse_size
from balloonkit.wire.channel import WINDOW_BYTES
from balloonkit.wire.features import PROPOSED, Feature
from balloonkit.wire.format import Format
from balloonkit.wire.queue import Queue

__all__ = ["ProcessHost"]


class ProcessHost:
    """A host for a guest of `size` whose memory is real.

    Parameters
    ----------
    size : str or int
        Guest RAM; as much is populated on this machine.
    offered : Feature
        What a driver may accept.
    huge_pages : bool
        Back it with transparent huge pages where the kernel can, or with 4 KiB pages.
    progress : callable, optional
        Called with (bytes populated, bytes in all) while the memory is populated.
    regions : sequence of RamRange, optional
        Where the RAM lies, on another machine than q35.
    host_page_bytes : int
        What the device takes for the host's page. The memory's own pages stay as they are.
    rule : DeviceRule
        How a message's pages become releases: this kit's way, or a peer's.

    Attributes
    ----------
    memory : memoryview
        The window the driver's channels use.
    pid : int
        The device's process.

    Raises
    ------
    MemoryLimitError
        If this machine or its control group cannot give that much; nothing is touched then.
    DeviceLostError
        If the device's process ends while it is set up.

    Examples
    --------
    >>> from balloonkit.wire import PROPOSED, encode_chunks
    >>> from balloonkit.wire.channel import Channel
    >>> with ProcessHost("16MiB") as host:
    ...     _ = host.negotiate(PROPOSED)
    ...     inflate = Channel(host.memory, Queue.INFLATE, host.kick, host.wait)
    ...     inflate.send(encode_chunks([(0x100, 0x300)]))
    ...     host.resident_bytes() >> 20, host.verify([(0x100, 0x300)])
    ... # doctest: +NORMALIZE_WHITESPACE
    (13, Verified(released_pages=768, released_not_zero=0, kept_pages=3328, kept_changed=0))
    """

    def __init__(
        self,
        size: str | int,
        offered: Feature = PROPOSED,
        huge_pages: bool = False,
        progress: Callable[[int, int], None] | None = None,
        regions: Sequence[RamRange] | None = None,
        host_page_bytes: int = mmap.PAGESIZE,
        rule: DeviceRule = KIT,
    ) -> None:
        size_bytes = parse_size(size)
        # RAM no guest can have is refused before a process is made.
        ram = GuestRam(ram_layout(size_bytes) if regions is None else regions)
        check_memory(size_bytes)
        self.offered = offered
        self._window_fd = os.memfd_create("balloonkit-window", os.MFD_CLOEXEC)
        os.ftruncate(self._window_fd, WINDOW_BYTES)
        self.memory = memoryview(mmap.mmap(self._window_fd, WINDOW_BYTES))
        self._kicks = {queue: os.eventfd(0, os.EFD_CLOEXEC) for queue in Queue}
        self._acks = {queue: os.eventfd(0, os.EFD_CLOEXEC) for queue in Queue}
        shared_fds = [self._window_fd, *self._kicks.values(), *self._acks.values()]
        self._child = DeviceProcess(shared_fds)
        self.pid = self._child.pid
        self._polls = {queue: self._poll_for(fd) for queue, fd in self._acks.items()}
        try:
            self._set_up(ram, (huge_pages, host_page_bytes, rule), progress)
        except BaseException:
            self.close()
            raise

    def _poll_for(self, ack_fd: int) -> select.poll:
        poll = select.poll()
        poll.register(ack_fd, select.POLLIN)
        poll.register(self._child.fileno(), select.POLLIN)  # readable unasked: closed
        return poll

    def _set_up(
        self,
        ram: GuestRam,
        how: tuple[bool, int, DeviceRule],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        # The death signal follows the *thread* that made the child: only the main thread is sure
        # to live as long as this process.
        in_main = threading.current_thread() is threading.main_thread()
        parent_pid = os.getpid() if in_main else None
        self._child.send((ram.regions, int(self.offered), *how, parent_pid))
        while (done_bytes := self._child.receive()) is not None:
            if progress is not None:
                progress(done_bytes, ram.pages * BALLOON_PAGE_BYTES)

    def __enter__(self) -> "ProcessHost":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def negotiate(self, driver: Feature) -> Feature:
        """Fix the features both sides understand, and return them."""
        return Feature(self._child.ask("negotiate", int(driver)))

    def speak(self, wire_format: Format) -> None:
        """Read messages in a format that no feature bit stands for.

        Raises
        ------
        ValueError
            If the device's process cannot import it: a class made in a notebook or a function.
        """
        kind = type(wire_format)
        try:
            if kind.__module__ == "__main__":
                raise ImportError("it is in no module")
            self._child.ask("speak", sys.path, pickle.dumps(wire_format))
        except (ImportError, AttributeError, pickle.PicklingError) as error:
            raise ValueError(
                f"format {wire_format.name!r}: the device's process cannot import "
                f"{kind.__module__}.{kind.__qualname__} ({error}); put it into a module, or take "
                "host='model'"
            ) from error

    def listen(self, listener: Listener | None) -> None:
        """Refuse: what this device does it does in another process, unheard.

        Raises
        ------
        ValueError
            Unless nobody is to listen.
        """
        if listener is not None:
            raise ValueError("a device in its own process tells nobody: take host='model' to step")

    def kick(self, queue: Queue) -> None:
        """Tell the device that `queue` holds something."""
        os.eventfd_write(self._kicks[queue], 1)

    def wait(self, queue: Queue, timeout_s: float) -> bool:
        """Wait for the ack of `queue`: True if it came, False if time is up.

        Raises
        ------
        DeviceLostError
            If the device's process is gone.
        """
        ready = self._polls[queue].poll(timeout_s * 1000)
        ack_fd = self._acks[queue]
        for fd, _ in ready:
            if fd == ack_fd:
                os.eventfd_read(ack_fd)
                return True
        if ready:
            raise self._child.lost()
        return False

    def counters(self) -> DeviceCounters:
        """Return what the device counted."""
        books: DeviceCounters = self._child.ask("counters")
        return books

    def resident_bytes(self) -> int:
        """Return how much memory the kernel counts behind the guest's RAM."""
        return int(self._child.ask("resident_bytes"))

    def verify(self, released: ArrayLike) -> Verified:
        """Check by content: pages in `released` read as zero, all others kept their pattern.

        Parameters
        ----------
        released : integers, shape (n, 2)
            (base PFN, pages) of everything that was ever ballooned; must lie in RAM.

        Raises
        ------
        ValueError
            If an entry lies outside RAM.
        """
        verified: Verified = self._child.ask(
            "verify", np.asarray(released, np.int64).reshape(-1, 2)
        )
        return verified

    def reset(self) -> None:
        """Reset the device; channels made before are void."""
        self._child.ask("reset")

    def close(self) -> None:
        """End the device's process and give its memory back; more than once does no harm."""
        self._child.close()
