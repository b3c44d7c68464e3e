"""The device in this process, keeping books: the model's host."""

from balloonkit.host.books import Books
from balloonkit.host.device import BalloonDevice
from balloonkit.host.ram import GuestRam
from balloonkit.host.release import BookRelease
from balloonkit.host.service import QueueService
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire.channel import WINDOW_BYTES, Queue
from balloonkit.wire.features import PROPOSED, Feature

__all__ = ["LocalHost"]


class LocalHost:
    """A host for a guest of `size`; a kick is served before it returns.

    Parameters
    ----------
    size : str or int
        Guest RAM, laid out with the hole below 4 GiB.
    offered : Feature
        What a driver may accept.
    host_page_bytes : int
        The host's page: 4 KiB parts of a larger one are released together.

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
    >>> with LocalHost("1GiB") as host:
    ...     _ = host.negotiate(PROPOSED)
    ...     inflate = Channel(host.memory, Queue.INFLATE, host.kick, host.wait)
    ...     inflate.send(encode_chunks([(0x100, 0x300)]))
    ...     host.books().releases, host.resident_bytes() >> 20
    (1, 1021)
    """

    def __init__(
        self,
        size: str | int,
        offered: Feature = PROPOSED,
        host_page_bytes: int = BALLOON_PAGE_BYTES,
    ) -> None:
        ram = GuestRam.of_size(size)
        self.offered = offered
        self.memory = memoryview(bytearray(WINDOW_BYTES))
        self.device = BalloonDevice(ram, BookRelease(ram.pages, host_page_bytes), offered)
        self._service = QueueService(self.device, self.memory)
        self._acked: set[Queue] = set()

    def __enter__(self) -> "LocalHost":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def negotiate(self, driver: Feature) -> Feature:
        """Fix the features both sides understand, and return them."""
        return self.device.negotiate(driver)

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

    def books(self) -> Books:
        """Return what the device counted."""
        return self.device.books()

    def resident_bytes(self) -> int:
        """Return how much of the guest's memory is not released."""
        return self.device.backend.resident_bytes()

    def reset(self) -> None:
        """Reset the device; channels made before are void."""
        self._service.reset()
        self._acked.clear()

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""
