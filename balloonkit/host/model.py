"""The device in this process, counting only: the model's host."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.events import Listener, Touched, pieces
from balloonkit.host.counters import DeviceCounters
from balloonkit.host.device import BalloonDevice
from balloonkit.host.ram import GuestRam
from balloonkit.host.release import ModelRelease
from balloonkit.host.rules import KIT, DeviceRule
from balloonkit.host.service import QueueService
from balloonkit.ram_layout import RamRange
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire.channel import WINDOW_BYTES
from balloonkit.wire.features import PROPOSED, Feature
from balloonkit.wire.format import Format
from balloonkit.wire.queue import Queue

__all__ = ["ModelHost"]


class ModelHost:
    """A host for a guest of `size`; a kick is served before it returns.

    Parameters
    ----------
    size : str or int
        Guest RAM, laid out with the hole below 4 GiB.
    offered : Feature
        What a driver may accept.
    host_page_bytes : int
        The host's page: 4 KiB parts of a larger one are released together.
    rule : DeviceRule
        How a message's pages become releases: this kit's way, or a peer's.
    regions : sequence of RamRange, optional
        Where the RAM lies, on another machine than q35; `size` then does not count.
    resident : bool array, shape (host pages,), optional
        What has memory behind it at first; by default everything.

    Attributes
    ----------
    memory : memoryview
        The window the driver's channels use.
    device : BalloonDevice
        The device behind it, for a closer look.

    Examples
    --------
    >>> from balloonkit.wire import PROPOSED, encode_chunks
    >>> from balloonkit.wire.channel import Channel
    >>> with ModelHost("1GiB") as host:
    ...     _ = host.negotiate(PROPOSED)
    ...     inflate = Channel(host.memory, Queue.INFLATE, host.kick, host.wait)
    ...     inflate.send(encode_chunks([(0x100, 0x300)]))
    ...     host.counters().releases, host.resident_bytes() >> 20
    (1, 1021)
    """

    def __init__(
        self,
        size: str | int,
        offered: Feature = PROPOSED,
        host_page_bytes: int = BALLOON_PAGE_BYTES,
        rule: DeviceRule = KIT,
        regions: Sequence[RamRange] | None = None,
        resident: NDArray[np.bool_] | None = None,
    ) -> None:
        ram = GuestRam.of_size(size) if regions is None else GuestRam(regions)
        self.offered = offered
        self.memory = memoryview(bytearray(WINDOW_BYTES))
        self._listener: Listener | None = None
        self._release = ModelRelease(ram.pages, host_page_bytes, resident)
        self.device = BalloonDevice(ram, self._release, offered, rule)
        self._service = QueueService(self.device, self.memory)
        self._acked: set[Queue] = set()

    def __enter__(self) -> "ModelHost":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def negotiate(self, driver: Feature) -> Feature:
        """Fix the features both sides understand, and return them."""
        return self.device.negotiate(driver)

    def speak(self, wire_format: Format) -> None:
        """Read messages in a format that no feature bit stands for."""
        self.device.speak(wire_format)

    def listen(self, listener: Listener | None) -> None:
        """Let queues and device tell `listener` what they do, or nobody."""
        self._listener = listener
        self._service.listen(listener)

    def kick(self, queue: Queue) -> None:
        """Serve `queue` now."""
        if self._service.serve(queue):
            self._acked.add(queue)

    def wait(self, queue: Queue, timeout_s: float) -> bool:
        """Take the ack of `queue`, if there is one: waiting would bring none."""
        if queue not in self._acked:
            return False
        self._acked.discard(queue)
        return True

    def request_stats(self) -> None:
        """Ask the driver for new statistics: the buffer it left on the queue goes back to it."""
        if self._service.request_stats():
            self._acked.add(Queue.STATS)

    def counters(self) -> DeviceCounters:
        """Return what the device counted."""
        return self.device.counters()

    def resident_bytes(self) -> int:
        """Return how much of the guest's memory is not released."""
        return self.device.backend.resident_bytes()

    @property
    def resident_pages(self) -> NDArray[np.bool_]:
        """Which 4 KiB pages of the mapping are resident, shape (pages,)."""
        return self._release.resident

    def touch(self, pfns: ArrayLike) -> None:
        """Let the guest write to balloon pages of its RAM: memory is behind them again.

        Raises
        ------
        ValueError
            If a page lies outside RAM.
        """
        pages = np.sort(np.asarray(pfns, np.int64))
        inside = self.device.ram.contains(pages, 1)
        if not inside.all():
            raise ValueError(f"PFN {pages[~inside][0]:#x}: outside the guest's RAM, none to touch")
        size = self._release.host_page_bytes // BALLOON_PAGE_BYTES
        first = self.device.ram.translate_pages(pages) // size * size  # a fault brings a host page
        host_pages = np.unique(first[:, None] + np.arange(size))
        for piece in pieces(len(host_pages), self._listener):
            self._release.resident[host_pages[piece]] = True
            if self._listener is not None:
                self._listener.tell(Touched(host_pages[piece], np.ones_like(host_pages[piece])))

    def reset(self) -> None:
        """Reset the device; channels made before are void."""
        self._service.reset()
        self._acked.clear()

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""
