"""Where the parts of a split virtqueue lie in memory, and their words.

A descriptor table, an available ring written by the driver and a used ring written by the device
(VIRTIO 1.2 section 2.7), all little endian, in memory both sides see. Addresses count from the
start of that shared window, as guest physical addresses count from the start of guest RAM.
VIRTIO_F_EVENT_IDX is not offered: notifications are suppressed by the flags alone, so the rings
end with their last element.
"""

import struct
from dataclasses import dataclass
from functools import cached_property

__all__ = [
    "AVAIL_NO_INTERRUPT",
    "DESCRIPTOR",
    "DESCRIPTOR_BYTES",
    "INDEX_MASK",
    "INDIRECT",
    "NEXT",
    "USED_NO_NOTIFY",
    "WRITE",
    "RingLayout",
]

#: Descriptor flag (section 2.7.5): another descriptor follows.
NEXT = 1
#: Descriptor flag: the device writes the buffer, and does not read it.
WRITE = 2
#: Descriptor flag: the buffer is a table of descriptors.
INDIRECT = 4
#: Written by the driver: do not ack when a buffer comes back (section 2.7.7).
AVAIL_NO_INTERRUPT = 1
#: Written by the device: do not kick when a buffer is added (section 2.7.10).
USED_NO_NOTIFY = 1

#: le64 address, le32 length, le16 flags, le16 next (section 2.7.5).
DESCRIPTOR = struct.Struct("<QIHH")
#: Bytes of one descriptor.
DESCRIPTOR_BYTES = DESCRIPTOR.size
#: Both idx fields count buffers ever added, modulo 2^16 (sections 2.7.6 and 2.7.8).
INDEX_MASK = 0xFFFF

_FLAGS_AND_INDEX_BYTES = 4
_AVAIL_ELEMENT_BYTES = 2
_USED_ELEMENT_BYTES = 8
_MAX_SIZE = 32768


@dataclass(frozen=True)
class RingLayout:
    """Addresses of one queue's parts.

    Parameters
    ----------
    base : int
        Address of the descriptor table, a multiple of 16.
    size : int
        Descriptors in the table and elements in each ring: a power of two, at most 32768.

    Raises
    ------
    ValueError
        If the base is not aligned or the size is none a queue may have.

    Examples
    --------
    >>> ring = RingLayout(base=0, size=128)
    >>> ring.avail, ring.used, ring.end
    (2048, 2308, 3336)
    """

    base: int
    size: int

    def __post_init__(self) -> None:
        if self.size <= 0 or self.size & (self.size - 1) or self.size > _MAX_SIZE:
            raise ValueError(f"queue of {self.size}: give a power of two, at most {_MAX_SIZE}")
        if self.base < 0 or self.base % DESCRIPTOR_BYTES:
            raise ValueError(f"ring at {self.base:#x}: the table needs a multiple of 16")

    @cached_property
    def avail(self) -> int:
        """Available ring: le16 flags, le16 idx, `size` le16 heads."""
        return self.base + self.size * DESCRIPTOR_BYTES

    @cached_property
    def used(self) -> int:
        """Used ring, a multiple of 4: le16 flags, le16 idx, `size` pairs of le32 (head, bytes)."""
        end = self.avail + _FLAGS_AND_INDEX_BYTES + self.size * _AVAIL_ELEMENT_BYTES
        return -(-end // 4) * 4

    @property
    def end(self) -> int:
        """First address behind the used ring."""
        return self.used + _FLAGS_AND_INDEX_BYTES + self.size * _USED_ELEMENT_BYTES
