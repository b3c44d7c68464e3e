"""What can be wrong with a virtqueue, by how much of it can still be used.

A fault in one chain costs that chain: it goes back unread. A fault in the ring itself leaves
nothing to trust or to return, so the device asks for a reset.

QEMU draws the line elsewhere (7.2, asked by `balloonkit duel`): a broken chain and an empty buffer
break its device until a reset, as a head outside the table does; an idx that runs ahead of the ring
does not. It serves the ring's stale entries again and again, up to 65,535 of them.
"""

from balloonkit.wire.errors import WireError

__all__ = [
    "AckTimeoutError",
    "AvailIndexError",
    "ChainError",
    "DescriptorIndexError",
    "DescriptorLoopError",
    "HeadIndexError",
    "IndirectError",
    "NeedsResetError",
    "QueueError",
    "QueueFullError",
    "RingError",
    "UsedRingError",
    "WindowRangeError",
]


class QueueError(WireError):
    """Something is wrong with a virtqueue."""


class RingError(QueueError):
    """The ring cannot be served any more: the device needs a reset."""


class AvailIndexError(RingError):
    """The driver's idx runs further ahead than the ring has places."""


class HeadIndexError(RingError):
    """The available ring names a descriptor that does not exist, so none can be returned."""


class ChainError(QueueError):
    """One chain is malformed; return it unread and go on.

    Attributes
    ----------
    head : int
        Descriptor to put on the used ring.
    """

    def __init__(self, head: int, problem: str) -> None:
        super().__init__(head, problem)
        self.head = head
        self.problem = problem

    def __str__(self) -> str:
        return f"chain {self.head}: {self.problem}"


class DescriptorIndexError(ChainError):
    """A descriptor's next lies outside the table."""


class DescriptorLoopError(ChainError):
    """The chain is longer than its queue: it goes round in a circle, or should not be."""


class WindowRangeError(ChainError):
    """An address and length leave the shared window."""


class IndirectError(ChainError):
    """An indirect table is nested, continued, or of an impossible length."""


class QueueFullError(QueueError):
    """The driver has no descriptors left: wait for the device to return some."""


class UsedRingError(QueueError):
    """The device returned a buffer the driver did not hand out."""


class NeedsResetError(QueueError):
    """The device set DEVICE_NEEDS_RESET: it serves nothing until it is reset."""


class AckTimeoutError(QueueError):
    """The device did not return the buffer in time."""
