"""The balloon's window of shared memory, and the driver's way to send one message through it.

One message is one buffer: copied in, made available, kicked, and waited for before the next, as
Linux ``tell_host`` does. The window begins with the device status, then each queue has its ring,
room for one message and, behind that, for an indirect table.
"""

import time
from collections.abc import Callable

from balloonkit.events import Acked, Listener, Sent
from balloonkit.wire.page_chunk import CHUNK_BYTES, HEADER_BYTES, MAX_CHUNKS
from balloonkit.wire.queue import Queue
from balloonkit.wire.queue_errors import AckTimeoutError, NeedsResetError, QueueError
from balloonkit.wire.ring import RingLayout
from balloonkit.wire.virtqueue import Buffer, DriverQueue

__all__ = [
    "ACK_TIMEOUT_S",
    "MESSAGE_BYTES",
    "NEEDS_RESET",
    "QUEUE_SIZE",
    "STATUS_ADDRESS",
    "WINDOW_BYTES",
    "Channel",
    "message_address",
    "queue_layout",
]


#: Descriptors per queue, as QEMU gives its balloon.
QUEUE_SIZE = 128
#: The longest message: a full one of chunks.
MESSAGE_BYTES = HEADER_BYTES + MAX_CHUNKS * CHUNK_BYTES
#: Where the window holds the device status byte (VIRTIO 1.2 section 2.1).
STATUS_ADDRESS = 0
#: The status bit by which the device asks for a reset (the same section).
NEEDS_RESET = 64
#: A device that has not answered by then will not: no message takes it a second.
ACK_TIMEOUT_S = 30.0

_PAGE_BYTES = 4096
_RING_BYTES = _PAGE_BYTES
_MESSAGE_ROOM_BYTES = 8 * _PAGE_BYTES
_QUEUE_BYTES = _RING_BYTES + _MESSAGE_ROOM_BYTES + _PAGE_BYTES
#: Size of the window: status, then three queues with their buffers.
WINDOW_BYTES = _PAGE_BYTES + len(Queue) * _QUEUE_BYTES


def queue_layout(queue: Queue) -> RingLayout:
    """Return where the ring of `queue` lies in the window.

    Examples
    --------
    >>> queue_layout(Queue.INFLATE)
    RingLayout(base=4096, size=128)
    """
    return RingLayout(_PAGE_BYTES + queue * _QUEUE_BYTES, QUEUE_SIZE)


def message_address(queue: Queue) -> int:
    """Return the address of the room for one message of `queue`.

    Examples
    --------
    >>> hex(message_address(Queue.INFLATE))
    '0x2000'
    """
    return queue_layout(queue).base + _RING_BYTES


class Channel:
    """Sends messages through one queue, one at a time.

    Parameters
    ----------
    memory : memoryview
        The window, `WINDOW_BYTES` long, shared with the device.
    queue : Queue
        Which of the balloon's queues.
    kick : callable
        ``kick(queue)`` tells the device that a buffer is available.
    wait : callable
        ``wait(queue, timeout_s)`` returns True when the device acked, False when time is up.
    indirect : bool
        Whether each message goes through an indirect table.
    listener : Listener, optional
        Told of every message sent and of every buffer that came back.

    Examples
    --------
    >>> from balloonkit.wire.virtqueue import DeviceQueue
    >>> memory = memoryview(bytearray(WINDOW_BYTES))
    >>> device = DeviceQueue(memory, queue_layout(Queue.INFLATE))
    >>> def kick(queue):
    ...     chain = device.pop()
    ...     print(device.read(chain))
    ...     device.push(chain.head)
    >>> Channel(memory, Queue.INFLATE, kick, lambda queue, timeout_s: True).send(b"PFNs")
    b'PFNs'
    """

    def __init__(
        self,
        memory: memoryview,
        queue: Queue,
        kick: Callable[[Queue], None],
        wait: Callable[[Queue, float], bool],
        indirect: bool = False,
        listener: Listener | None = None,
    ) -> None:
        self._memory = memory
        self._queue = queue
        self._kick = kick
        self._wait = wait
        self._ring = DriverQueue(memory, queue_layout(queue))
        self._room = message_address(queue)
        self._table = self._room + _MESSAGE_ROOM_BYTES if indirect else None
        self._outstanding: int | None = None
        self.listener = listener

    def send(self, message: bytes, timeout_s: float = ACK_TIMEOUT_S) -> None:
        """Send `message` and wait until its buffer is back.

        Raises
        ------
        AckTimeoutError
            If it does not come back in time. It may yet: the next send waits for it first.
        NeedsResetError
            If the device finds its ring broken.
        QueueError
            If the message is longer than any message can be.
        """
        if len(message) > MESSAGE_BYTES:
            raise QueueError(f"message of {len(message)} bytes: at most {MESSAGE_BYTES} fit")
        deadline_s = time.monotonic() + timeout_s
        if self._outstanding is not None:  # a send that was interrupted or ran out of time
            self._await_return(deadline_s, timeout_s)
        self._memory[self._room : self._room + len(message)] = message
        buffer = Buffer(self._room, len(message))
        self._outstanding = self._ring.add([buffer], self._table)
        kick = self._ring.kick_wanted()
        if self.listener is not None:
            head, (avail, used) = self._outstanding, self._ring.indices
            self.listener.tell(Sent(self._queue, bytes(message), head, avail, used, kick))
        if kick:
            self._kick(self._queue)
        self._await_return(deadline_s, timeout_s)

    def _await_return(self, deadline_s: float, timeout_s: float) -> None:
        acked = True
        while True:
            # An ack may be late, of an earlier kick, or lost to an interrupt: only the ring tells.
            head = self._ring.take_used()
            if head is not None and head == self._outstanding:
                self._outstanding = None
                if self.listener is not None:
                    self.listener.tell(Acked(self._queue, head, self._ring.indices[1]))
                return
            if self._memory[STATUS_ADDRESS] & NEEDS_RESET:
                raise NeedsResetError(f"queue {self._queue.name}: the device needs a reset")
            if not acked:
                raise AckTimeoutError(f"queue {self._queue.name}: no ack within {timeout_s:g} s")
            acked = self._wait(self._queue, max(0.0, deadline_s - time.monotonic()))
