"""The host of a guest whose driver speaks PAGE_CHUNKS: the kit's own device, serving in a thread.

`BalloonDevice` and `QueueService` are those of every other host of the kit. New here is only where
kicks come from (a running kernel, through `Doorbell`) and what is released: the RAM it runs in.
"""

import contextlib
import os
import select
import threading
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from balloonkit.events import Began, Listener
from balloonkit.host.counters import DeviceCounters, Handled
from balloonkit.host.device import BalloonDevice
from balloonkit.host.ram import GuestRam
from balloonkit.host.service import QueueService
from balloonkit.host.shared import SharedRelease
from balloonkit.live.doorbell import STATUS_KICK, Doorbell, Interrupt
from balloonkit.wire.channel import NEEDS_RESET, STATUS_ADDRESS
from balloonkit.wire.config import DRIVER_OK, FAILED, ConfigSpace
from balloonkit.wire.errors import WireError
from balloonkit.wire.page_chunk import decode_chunks
from balloonkit.wire.queue import Queue

__all__ = ["ChunkHost", "SeenMessage"]


class SeenMessage(NamedTuple):
    """One message as it came, and what became of it."""

    queue: int
    data: bytes
    handled: Handled

    def chunks(self) -> NDArray[np.uint64]:
        """Return its chunks, shape (n, 2); none if it is malformed."""
        try:
            return decode_chunks(self.data)
        except WireError:
            return np.empty((0, 2), np.uint64)


class _WatchedDevice(BalloonDevice):
    """The kit's device, and a list of the messages it handled."""

    def __init__(self, ram: GuestRam, memory: SharedRelease) -> None:
        super().__init__(ram, memory)
        self.messages: list[SeenMessage] = []
        self.heard: Callable[[int, bytes], None] | None = None

    def handle(self, queue: int, message: bytes) -> Handled:
        if self.heard is not None:
            self.heard(queue, message)
        handled = super().handle(queue, message)
        self.messages.append(SeenMessage(queue, message, handled))
        return handled


class ChunkHost:
    """Serves one guest's window until it is closed.

    Parameters
    ----------
    memory_bytes : int
        Guest RAM.
    memory : SharedRelease
        The same RAM as the host holds it.

    Attributes
    ----------
    doorbell : Doorbell
    device : BalloonDevice
        The kit's own; a host that comes back after `stop` begins with a new one.
    failure : BaseException or None
        What ended the serving thread, if something did.
    """

    def __init__(self, memory_bytes: int, memory: SharedRelease) -> None:
        self._ram, self._memory = GuestRam.of_size(memory_bytes), memory
        self.doorbell = Doorbell()
        self._config = ConfigSpace(self.doorbell.memory)
        self._target_pages = self._requests = 0
        self._closed = False
        self._listener: Listener | None = None
        self._heard: Callable[[int, bytes], None] | None = None
        self._changed = threading.Condition()
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread: threading.Thread | None = None
        self.start()

    def start(self) -> None:
        """Serve, as a host that knows nothing of what was before; a driver there is must reset."""
        if self._thread is not None:
            raise RuntimeError("this host serves already: stop it first")
        self.failure: BaseException | None = None
        self.device = _WatchedDevice(self._ram, self._memory)
        self._service = QueueService(self.device, self.doorbell.memory)
        self.listen(self._listener, self._heard)
        self._ready = False
        if self._config.status:
            self.doorbell.memory[STATUS_ADDRESS] |= NEEDS_RESET
            self.doorbell.interrupt(Interrupt.CONFIG)
        self._thread = threading.Thread(target=self._run, name="balloonkit-host", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving: to the guest, a host that died. The guest runs on."""
        if self._thread is not None:
            os.eventfd_write(self._stop, 1)
            self._thread.join()
            os.eventfd_read(self._stop)
            self._thread = None

    def close(self) -> None:
        """Stop for good."""
        if not self._closed:
            self.stop()
            self._closed = True
            self.doorbell.close()
            os.close(self._stop)

    def listen(
        self, listener: Listener | None, heard: Callable[[int, bytes], None] | None = None
    ) -> None:
        """Let queues and device tell `listener` what the kernel made them do, in their thread.

        Both are kept for the hosts that come after this one; None ends it.

        Parameters
        ----------
        listener : Listener or None
        heard : callable, optional
            Called with queue and bytes of each message before the device does it.
        """
        self._listener, self._heard = listener, heard
        self.device.heard = heard
        self._service.listen(listener)

    @property
    def ready(self) -> bool:
        """Whether a driver has been set up."""
        return self._ready and not self._closed

    @property
    def actual_pages(self) -> int:
        """4 KiB pages in the balloon, says the driver."""
        return self._config.actual_pages if self.ready else 0

    @property
    def at_rest(self) -> bool:
        """Whether the driver is done with all it was asked for, as far as it could."""
        return self.ready and self._config.served == self._requests

    def set_target(self, pages: int) -> None:
        """Ask the driver for a balloon of so many 4 KiB pages; returns at once."""
        if self._listener is not None:
            more = pages - self.actual_pages
            self._listener.tell(Began("inflate" if more >= 0 else "deflate", abs(more)))
        self._target_pages, self._requests = pages, self._requests + 1
        self._config.ask(pages, self._requests)
        self.doorbell.interrupt(Interrupt.CONFIG)

    def wait(self, timeout_s: float) -> None:
        """Wait until the driver changes something in its configuration, or time is up."""
        with self._changed:
            self._changed.wait(timeout_s)

    def messages(self) -> list[SeenMessage]:
        """Return the messages since the last call, in wire order."""
        with self._changed:
            messages, self.device.messages = self.device.messages, []
        return messages

    def counters(self) -> DeviceCounters:
        """Return what the device counted."""
        return self.device.counters()

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException as error:
            self.failure = error
        with self._changed:
            self._changed.notify_all()

    def _serve(self) -> None:
        poll = select.poll()
        vectors = {fd: vector for vector, fd in self.doorbell.kicks.items()}
        for fd in [self._stop, *vectors]:
            poll.register(fd, select.POLLIN)
        while True:
            ready = [fd for fd, _ in poll.poll()]
            if self._stop in ready:
                return
            kicked = set()
            for fd in ready:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(fd)
                kicked.add(vectors[fd])
            # A kick of a queue may be seen before one of the status that came first.
            self._look_at_status()
            for queue in Queue:
                if queue in kicked and self._ready and self._service.serve(queue):
                    self.doorbell.interrupt(Interrupt.ACK)
            if STATUS_KICK in kicked:
                with self._changed:
                    self._changed.notify_all()

    def _look_at_status(self) -> None:
        status = self._config.status
        if status & FAILED:
            self._service.reset()
            self._ready = False
            self._config.ask(self._target_pages, self._requests)
            self._config.offer(self.device.offered)
            self.doorbell.interrupt(Interrupt.CONFIG)
        elif status & DRIVER_OK and not status & NEEDS_RESET and not self._ready:
            self.device.negotiate(self._config.driver_features)
            self._ready = True
