"""The device end of the window: its queues, served until they are empty.

Every buffer goes back at once, but for statistics: the device keeps the latest and returns it when
it wants new figures (VIRTIO 1.2 section 5.5.6.3). A driver must offer one at a time; to one that
offers a second, the first is returned, as QEMU does.
"""

from balloonkit.events import Listener, Popped, Reset, Returned
from balloonkit.host.counters import Reason
from balloonkit.host.device import BalloonDevice
from balloonkit.wire.channel import MESSAGE_BYTES, NEEDS_RESET, STATUS_ADDRESS, queue_layout
from balloonkit.wire.queue import Queue
from balloonkit.wire.queue_errors import ChainError, RingError
from balloonkit.wire.virtqueue import Chain, DeviceQueue

__all__ = ["QueueService"]


class QueueService:
    """Serves the queues in one window with one device.

    Parameters
    ----------
    device : BalloonDevice
        Handles the messages.
    memory : memoryview
        The window, `WINDOW_BYTES` long; the driver may write anything into it at any time.

    Attributes
    ----------
    listener : Listener or None
        Told of every chain taken off a ring and put back, and of a reset.

    Examples
    --------
    >>> from balloonkit.host.ram import GuestRam
    >>> from balloonkit.host.release import ModelRelease
    >>> from balloonkit.wire.channel import WINDOW_BYTES, Channel
    >>> ram, memory = GuestRam.of_size("1MiB"), memoryview(bytearray(WINDOW_BYTES))
    >>> device = BalloonDevice(ram, ModelRelease(ram.pages))
    >>> service = QueueService(device, memory)
    >>> inflate = Channel(memory, Queue.INFLATE, service.serve, lambda queue, timeout_s: True)
    >>> inflate.send(bytes([7, 0, 0, 0]))
    >>> device.counters().pages
    1
    """

    def __init__(self, device: BalloonDevice, memory: memoryview) -> None:
        self._device = device
        self._memory = memory
        self._queues = self._fresh_queues()
        self._broken = False
        self._stats_head: int | None = None
        self.listener: Listener | None = None

    def listen(self, listener: Listener | None) -> None:
        """Let queues and device tell `listener` what they do, or nobody."""
        self.listener = self._device.listener = listener

    def _fresh_queues(self) -> dict[Queue, DeviceQueue]:
        return {queue: DeviceQueue(self._memory, queue_layout(queue)) for queue in Queue}

    def reset(self) -> None:
        """Reset the device and clear the window; the driver sets its queues up anew."""
        self._device.reset()
        self._memory[:] = bytes(len(self._memory))
        self._queues = self._fresh_queues()
        self._broken = False
        self._stats_head = None
        if self.listener is not None:
            self.listener.tell(Reset())

    def request_stats(self) -> bool:
        """Ask the driver for new statistics by returning the buffer it left; say whether to ack.

        Without such a buffer nothing happens: the driver has not answered the last request yet.
        """
        if self._broken or self._stats_head is None:
            return False
        ring = self._queues[Queue.STATS]
        self._return(Queue.STATS, ring, self._stats_head)
        self._stats_head = None
        return ring.ack_wanted()

    def serve(self, queue: Queue) -> bool:
        """Handle every chain that is available, return it, and say whether to ack.

        A broken ring sets DEVICE_NEEDS_RESET and is always acked, so that the driver looks.
        """
        if self._broken:
            return True
        ring = self._queues[queue]
        returned = False
        try:
            while ring.pending():
                ring.suppress_kicks(True)
                while (pushed := self._serve_one(queue, ring)) is not None:
                    returned |= pushed
                ring.suppress_kicks(False)
        except RingError:
            self._broken = True
            self._memory[STATUS_ADDRESS] |= NEEDS_RESET
            return True
        return returned and ring.ack_wanted()

    def _serve_one(self, queue: Queue, ring: DeviceQueue) -> bool | None:
        """Do one chain; tell whether one was returned, or None if there was none to do."""
        try:
            chain = ring.pop()
        except ChainError as error:
            self._device.refuse_unread(Reason.BAD_CHAIN, str(error))
            self._return(queue, ring, error.head)
            return True
        if chain is None:
            return None
        if self.listener is not None:
            self.listener.tell(Popped(queue, chain.head))
        self._handle(queue, ring, chain)
        if queue is not Queue.STATS:
            self._return(queue, ring, chain.head)
            return True
        done, self._stats_head = self._stats_head, chain.head
        if done is not None:
            self._return(queue, ring, done)
        return done is not None

    def _return(self, queue: Queue, ring: DeviceQueue, head: int) -> None:
        ring.push(head)
        if self.listener is not None:
            self.listener.tell(Returned(queue, head, ring.used_index))

    def _handle(self, queue: Queue, ring: DeviceQueue, chain: Chain) -> None:
        writable = [buffer for buffer in chain.buffers if buffer.writable]
        length_bytes = sum(buffer.length_bytes for buffer in chain.buffers)
        if writable:
            self._device.refuse_unread(Reason.DEVICE_WRITABLE, str(writable[0]))
        elif length_bytes > MESSAGE_BYTES:
            self._device.refuse_unread(Reason.TOO_MANY_ENTRIES, f"{length_bytes} bytes")
        else:
            self._device.handle(queue, ring.read(chain))
