"""The balloon's virtqueues by number."""

from enum import IntEnum

__all__ = ["Queue"]


class Queue(IntEnum):
    """The balloon's virtqueues by number (VIRTIO 1.2 section 5.5.2)."""

    INFLATE = 0
    DEFLATE = 1
    STATS = 2
