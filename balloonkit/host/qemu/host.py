"""QEMU's balloon as one more host of the kit's `Machine`."""

from collections import Counter, deque

import numpy as np

from balloonkit.events import Listener
from balloonkit.host.counters import DeviceCounters, Reason, Rejection
from balloonkit.host.qemu.device import Kicked, QemuDevice
from balloonkit.host.ram import GuestRam
from balloonkit.limits import check_memory
from balloonkit.ram_layout import ram_layout
from balloonkit.units import PFN_SHIFT, parse_size
from balloonkit.wire.channel import (
    NEEDS_RESET,
    STATUS_ADDRESS,
    WINDOW_BYTES,
    queue_layout,
)
from balloonkit.wire.features import Feature
from balloonkit.wire.format import Format
from balloonkit.wire.formats import PFN_ARRAY
from balloonkit.wire.queue import Queue
from balloonkit.wire.queue_errors import ChainError, RingError
from balloonkit.wire.virtqueue import DeviceQueue

__all__ = ["INDIRECT_BIT", "VERSION_1_BIT", "QemuHost", "WindowGivenError"]

#: VIRTIO_F_VERSION_1 (VIRTIO 1.2 section 6): the modern interface.
VERSION_1_BIT = 1 << 32
#: VIRTIO_F_INDIRECT_DESC (section 6).
INDIRECT_BIT = 1 << 28
#: Bits of today's balloon that the kit speaks. Bit 3 means something else today: `wire.features`.
_SPOKEN = Feature.MUST_TELL_HOST | Feature.STATS_VQ | Feature.DEFLATE_ON_OOM
_REMEMBERED_REJECTIONS = 32
_WINDOW_PAGES = WINDOW_BYTES >> PFN_SHIFT


class WindowGivenError(RuntimeError):
    """The guest ballooned a page of its own rings, and QEMU wiped it: nothing is sure any more."""


class QemuHost:
    """A host for a guest of `size` whose device is QEMU's own.

    RAM is laid out as QEMU's q35 does, and the kit's window takes its first pages. QEMU tells no
    times: translate and release are 0 s in `counters`, and a `Machine` measures both as part of its
    send stage.

    Parameters
    ----------
    size : str or int
        Guest RAM; as much is populated on this machine.
    qemu : str, optional
        The program; by default ``qemu-system-x86_64`` on PATH.

    Attributes
    ----------
    memory : memoryview
        The window the driver's channels use: the first pages of guest RAM.
    device : QemuDevice
    offered : Feature
        What QEMU offers, of the bits the kit speaks.

    Raises
    ------
    NoEmulatorError
        If there is no QEMU.
    MemoryLimitError
        If this machine cannot give that much memory.

    Examples
    --------
    >>> from balloonkit.wire import CLASSIC, encode_pfns
    >>> from balloonkit.wire.channel import Channel
    >>> with QemuHost("16MiB") as host:  # doctest: +SKIP
    ...     _ = host.negotiate(CLASSIC)
    ...     inflate = Channel(host.memory, Queue.INFLATE, host.kick, host.wait)
    ...     inflate.send(encode_pfns([0x200, 0x300]))
    ...     host.counters().releases, host.device.released_pfns().tolist()
    (2, [512, 768])
    """

    def __init__(self, size: str | int, qemu: str | None = None) -> None:
        size_bytes = parse_size(size)
        regions = ram_layout(size_bytes)
        if size_bytes < WINDOW_BYTES:
            raise ValueError(f"guest of {size_bytes} bytes: the window alone takes {WINDOW_BYTES}")
        check_memory(size_bytes)
        self.device = QemuDevice(size_bytes, regions[0].size_bytes, qemu)
        self.memory = self.device.ram.window(WINDOW_BYTES)
        self.offered = Feature(self.device.offered & int(_SPOKEN))
        self._ram = GuestRam(regions)
        self._ballooned = np.zeros(self._ram.pages, bool)
        self._acked: set[Queue] = set()
        self._messages = self._bytes = self._pages = self._unchanged_pages = self._releases = 0
        self._rejected: Counter[Reason] = Counter()
        self._last_rejections: deque[Rejection] = deque(maxlen=_REMEMBERED_REJECTIONS)
        self._watch()

    def _watch(self) -> None:
        """Follow the rings as a device would, to count messages and their bytes."""
        self._watched = {queue: DeviceQueue(self.memory, queue_layout(queue)) for queue in Queue}

    def __enter__(self) -> "QemuHost":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def negotiate(self, driver: Feature) -> Feature:
        """Set the device up with the features both sides understand, and return them."""
        agreed = driver & self.offered
        self.memory[:] = bytes(len(self.memory))
        self._watch()
        self.device.set_up(int(agreed) | VERSION_1_BIT | self.device.offered & INDIRECT_BIT)
        return agreed

    def speak(self, wire_format: Format) -> None:
        """Refuse any format but the classic one: QEMU speaks no other.

        Raises
        ------
        ValueError
        """
        if wire_format != PFN_ARRAY:
            raise ValueError(f"QEMU's balloon speaks PFN arrays, not {wire_format.name!r}")

    def listen(self, listener: Listener | None) -> None:
        """Refuse: QEMU tells nobody what it does, step by step.

        Raises
        ------
        ValueError
            Unless nobody is to listen.
        """
        if listener is not None:
            raise ValueError("QEMU's device tells nobody: step on a ModelHost")

    def kick(self, queue: Queue) -> None:
        """Let QEMU serve `queue` now.

        Raises
        ------
        WindowGivenError
            If it released pages of the window.
        """
        self._count_messages(queue)
        kicked = self.device.kick(queue)
        if kicked.interrupt:
            self._acked.add(queue)
        if kicked.status & NEEDS_RESET:  # QEMU says so in a register, the kit in the window
            self.memory[STATUS_ADDRESS] |= NEEDS_RESET
        self._count_pages(queue, kicked)

    def _count_messages(self, queue: Queue) -> None:
        while True:
            try:
                chain = self._watched[queue].pop()
            except ChainError:
                self._messages += 1
                continue
            except RingError:
                return
            if chain is None:
                return
            self._messages += 1
            self._bytes += sum(buffer.length_bytes for buffer in chain.buffers)

    def _count_pages(self, queue: Queue, kicked: Kicked) -> None:
        pfns = np.array(kicked.taken_pfns(), np.int64)
        pages = self._ram.translate_pages(pfns[self._ram.contains(pfns, 1)])
        self._pages += len(pfns)
        self._releases += kicked.releases()
        inflate = queue == Queue.INFLATE
        if inflate and len(pfns) and pfns.min() < _WINDOW_PAGES:
            raise WindowGivenError(
                f"QEMU released PFN {pfns.min():#x}, but pages below {_WINDOW_PAGES:#x} hold the "
                "guest's rings and messages on this host: reset, and inflate less"
            )
        self._unchanged_pages += int(np.count_nonzero(self._ballooned[pages] == inflate))
        self._ballooned[pages] = inflate
        rejections = [
            Rejection(Reason.OUTSIDE_RAM, None, f"PFN {pfn:#x}") for pfn in kicked.refused_pfns()
        ]
        rejections += [
            Rejection(Reason.RELEASE_FAILED, None, failed) for failed in kicked.failed_releases()
        ]
        self._rejected.update(rejection.reason for rejection in rejections)
        self._last_rejections.extend(rejections)

    def wait(self, queue: Queue, timeout_s: float) -> bool:
        """Take the ack of `queue`, if there is one: waiting would bring none."""
        if queue not in self._acked:
            return False
        self._acked.discard(queue)
        return True

    def counters(self) -> DeviceCounters:
        """Return what QEMU traced; an entry is a page here, and translated once."""
        return DeviceCounters(
            messages=self._messages,
            bytes=self._bytes,
            entries=self._pages,
            pages=self._pages,
            unchanged_pages=self._unchanged_pages,
            translations=self._pages,
            releases=self._releases,
            released_pages=self._releases - self._rejected[Reason.RELEASE_FAILED],
            translate_s=0.0,
            release_s=0.0,
            ballooned_pages=int(np.count_nonzero(self._ballooned)),
            rejected=dict(self._rejected),
            last_rejections=tuple(self._last_rejections),
        )

    def resident_bytes(self) -> int:
        """Return how much memory the kernel counts behind the guest's RAM."""
        return self.device.ram.resident_bytes()

    def reset(self) -> None:
        """Reset the device and clear the window; channels made before are void."""
        self.device.reset()
        self.memory[:] = bytes(len(self.memory))
        self._ballooned[:] = False
        self._acked.clear()
        self._watch()

    def close(self) -> None:
        """End QEMU and give the memory back; more than once does no harm."""
        self.device.close()
