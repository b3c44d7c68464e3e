"""The split virtqueue, driver's half and device's half, over the same ring memory.

The driver writes descriptors and the available ring, the device writes the used ring; neither
half keeps anything the other needs outside that memory (VIRTIO 1.2 section 2.7). The device half
trusts nothing it reads: whatever the ring holds, it raises a `QueueError` or returns a chain
that lies inside the window.

Ordering: an idx is written after what it publishes, and the eventfd or call that follows carries
it to the other side. Only suppression needs more: write a flag, then read an idx, on one side,
against write the idx, then read the flag, on the other. `_fence` keeps those two in order.
"""

import struct
import threading
from collections.abc import Sequence
from typing import NamedTuple

from balloonkit.wire import ring
from balloonkit.wire.queue_errors import (
    AvailIndexError,
    DescriptorIndexError,
    DescriptorLoopError,
    HeadIndexError,
    IndirectError,
    QueueFullError,
    UsedRingError,
    WindowRangeError,
)
from balloonkit.wire.ring import DESCRIPTOR_BYTES, INDEX_MASK, RingLayout

__all__ = ["Buffer", "Chain", "DeviceQueue", "DriverQueue"]

_U16 = struct.Struct("<H")
_USED_ELEMENT = struct.Struct("<II")
_put16, _get16 = _U16.pack_into, _U16.unpack_from
_put_used, _get_used = _USED_ELEMENT.pack_into, _USED_ELEMENT.unpack_from
_put_descriptor, _get_descriptor = ring.DESCRIPTOR.pack_into, ring.DESCRIPTOR.unpack_from
_lock = threading.Lock()


def _fence() -> None:
    # Taking a lock is an atomic read-modify-write: on x86 no later load passes an earlier store.
    with _lock:
        pass


class Buffer(NamedTuple):
    """A piece of the window: address and length in bytes, and whether the device may write it."""

    address: int
    length_bytes: int
    writable: bool = False


class Chain(NamedTuple):
    """What the device popped: the head to return, and its buffers in order."""

    head: int
    buffers: list[Buffer]


class DriverQueue:
    """The driver's half: hands buffers out and takes them back.

    Parameters
    ----------
    memory : memoryview
        The shared window, writable bytes.
    layout : RingLayout
        Where this queue lies in it.

    Examples
    --------
    >>> memory, layout = memoryview(bytearray(8192)), RingLayout(base=0, size=4)
    >>> driver, device = DriverQueue(memory, layout), DeviceQueue(memory, layout)
    >>> driver.add([Buffer(4096, 1024)])
    0
    >>> device.pop()
    Chain(head=0, buffers=[Buffer(address=4096, length_bytes=1024, writable=False)])
    >>> device.push(0)
    >>> driver.take_used()
    0
    """

    def __init__(self, memory: memoryview, layout: RingLayout) -> None:
        self._memory = memory
        self._layout = layout
        self._mask = layout.size - 1
        self._free = list(range(layout.size - 1, -1, -1))
        self._chains: dict[int, list[int]] = {}
        self._next_avail = 0
        self._next_used = 0

    @property
    def indices(self) -> tuple[int, int]:
        """The available ring's idx as written last, and the used ring's as far as taken back."""
        return self._next_avail, self._next_used

    def add(self, buffers: Sequence[Buffer], indirect_at: int | None = None) -> int:
        """Make a chain of `buffers` available and return its head.

        Parameters
        ----------
        buffers : sequence of Buffer
            At least one.
        indirect_at : int, optional
            Address of room for an indirect table of ``16 * len(buffers)`` bytes: the chain then
            takes one descriptor of the ring, however long it is.

        Raises
        ------
        QueueFullError
            If the ring has fewer descriptors left than the chain takes.
        """
        wanted = len(buffers) if indirect_at is None else 1
        if not 0 < wanted <= len(self._free):
            raise QueueFullError(f"chain of {wanted} descriptors: {len(self._free)} are free")
        taken = [self._free.pop() for _ in range(wanted)]
        head = taken[0]
        self._chains[head] = taken
        base = self._layout.base
        if indirect_at is None:
            self._write_table(base, taken, buffers)
        else:
            self._write_table(indirect_at, range(len(buffers)), buffers)
            table_bytes = len(buffers) * DESCRIPTOR_BYTES
            slot = base + head * DESCRIPTOR_BYTES
            _put_descriptor(self._memory, slot, indirect_at, table_bytes, ring.INDIRECT, 0)
        avail = self._layout.avail
        _put16(self._memory, avail + 4 + 2 * (self._next_avail & self._mask), head)
        self._next_avail = (self._next_avail + 1) & INDEX_MASK
        _put16(self._memory, avail + 2, self._next_avail)
        return head

    def _write_table(self, base: int, slots: Sequence[int], buffers: Sequence[Buffer]) -> None:
        last = len(buffers) - 1
        for i, (address, length_bytes, writable) in enumerate(buffers):
            flags, following = ring.WRITE if writable else 0, 0
            if i < last:
                flags |= ring.NEXT
                following = slots[i + 1]
            place = base + slots[i] * DESCRIPTOR_BYTES
            _put_descriptor(self._memory, place, address, length_bytes, flags, following)

    def kick_wanted(self) -> bool:
        """Whether the device asks to be told about what was added."""
        _fence()
        return not _get16(self._memory, self._layout.used)[0] & ring.USED_NO_NOTIFY

    def suppress_acks(self, suppress: bool) -> None:
        """Ask the device to return buffers in silence, or to ack them again."""
        _put16(self._memory, self._layout.avail, ring.AVAIL_NO_INTERRUPT if suppress else 0)
        _fence()

    def take_used(self) -> int | None:
        """Take back one chain the device is done with and return its head, or None.

        Raises
        ------
        UsedRingError
            If the device returned something that was never handed out.
        """
        used = self._layout.used
        if _get16(self._memory, used + 2)[0] == self._next_used:
            return None
        element = used + 4 + 8 * (self._next_used & self._mask)
        head: int = _get_used(self._memory, element)[0]
        taken = self._chains.pop(head, None)
        if taken is None:
            raise UsedRingError(f"descriptor {head} came back, but it is not with the device")
        self._free.extend(reversed(taken))
        self._next_used = (self._next_used + 1) & INDEX_MASK
        return head


class DeviceQueue:
    """The device's half: pops chains, reads their buffers, returns every one.

    Parameters
    ----------
    memory : memoryview
        The shared window; the driver may write anything into it at any time.
    layout : RingLayout
        Where this queue lies in it.

    Examples
    --------
    >>> DeviceQueue(memoryview(bytearray(8192)), RingLayout(base=0, size=4)).pending()
    False
    """

    def __init__(self, memory: memoryview, layout: RingLayout) -> None:
        self._memory = memory
        self._layout = layout
        self._mask = layout.size - 1
        self._window_bytes = len(memory)
        self._next_avail = 0
        self._next_used = 0

    @property
    def used_index(self) -> int:
        """The used ring's idx as written last."""
        return self._next_used

    def pending(self) -> bool:
        """Whether the driver has made more available than was popped."""
        available: int = _get16(self._memory, self._layout.avail + 2)[0]
        return available != self._next_avail

    def pop(self) -> Chain | None:
        """Take the next chain, or None.

        Raises
        ------
        RingError
            If the ring cannot be trusted any more; nothing was taken.
        ChainError
            If this chain is malformed; it was taken and ``push(error.head)`` returns it.
        """
        avail = self._layout.avail
        index: int = _get16(self._memory, avail + 2)[0]
        ahead = (index - self._next_avail) & INDEX_MASK
        if not ahead:
            return None
        if ahead > self._layout.size:
            raise AvailIndexError(
                f"avail idx {index} is {ahead} past {self._next_avail}, "
                f"but the ring has {self._layout.size} places"
            )
        place = avail + 4 + 2 * (self._next_avail & self._mask)
        head: int = _get16(self._memory, place)[0]
        if head >= self._layout.size:
            raise HeadIndexError(f"head {head}: the table has {self._layout.size} descriptors")
        self._next_avail = (self._next_avail + 1) & INDEX_MASK
        return Chain(head, self._walk(head))

    def _walk(self, head: int) -> list[Buffer]:
        buffers: list[Buffer] = []
        table, entries, slot, nested = self._layout.base, self._layout.size, head, False
        while len(buffers) < self._layout.size:
            address, length_bytes, flags, following = _get_descriptor(
                self._memory, table + slot * DESCRIPTOR_BYTES
            )
            if flags & ring.INDIRECT:
                # Section 2.7.5.3.2: any number of direct descriptors may come before a table.
                if nested:
                    raise IndirectError(
                        head, f"indirect descriptor {slot} inside an indirect table"
                    )
                entries = self._table_entries(head, address, length_bytes, flags)
                table, slot, nested = address, 0, True
                continue
            self._check_inside(head, address, length_bytes)
            buffers.append(Buffer(address, length_bytes, bool(flags & ring.WRITE)))
            if not flags & ring.NEXT:
                return buffers
            if following >= entries:
                raise DescriptorIndexError(
                    head, f"descriptor {slot} is followed by {following} of {entries}"
                )
            slot = following
        raise DescriptorLoopError(head, f"longer than the queue's {self._layout.size} descriptors")

    def _table_entries(self, head: int, address: int, length_bytes: int, flags: int) -> int:
        entries, rest = divmod(length_bytes, DESCRIPTOR_BYTES)
        if flags & ring.NEXT or rest or not entries:
            # Section 2.7.5.3.1: never INDIRECT and NEXT. How long the chain is, `_walk` sees.
            raise IndirectError(head, f"indirect table of {length_bytes} bytes, flags {flags:#x}")
        self._check_inside(head, address, length_bytes)
        return entries

    def _check_inside(self, head: int, address: int, length_bytes: int) -> None:
        # 64-bit plus 32-bit numbers: Python's integers do not wrap.
        if address + length_bytes > self._window_bytes:
            where = f"{length_bytes} bytes at {address:#x}"
            raise WindowRangeError(head, f"{where} leave the window of {self._window_bytes}")

    def read(self, chain: Chain) -> bytes:
        """Copy what the driver wrote: once, so that it cannot change while it is checked."""
        if len(chain.buffers) == 1:
            [(address, length_bytes, _)] = chain.buffers
            return bytes(self._memory[address : address + length_bytes])
        return b"".join(self._memory[b.address : b.address + b.length_bytes] for b in chain.buffers)

    def push(self, head: int, written_bytes: int = 0) -> None:
        """Return a chain to the driver, with the number of bytes the device wrote into it."""
        used = self._layout.used
        _put_used(self._memory, used + 4 + 8 * (self._next_used & self._mask), head, written_bytes)
        self._next_used = (self._next_used + 1) & INDEX_MASK
        _put16(self._memory, used + 2, self._next_used)

    def suppress_kicks(self, suppress: bool) -> None:
        """Ask the driver to add buffers in silence, or to kick again; then look once more."""
        _put16(self._memory, self._layout.used, ring.USED_NO_NOTIFY if suppress else 0)
        _fence()

    def ack_wanted(self) -> bool:
        """Whether the driver asks to be told that buffers came back."""
        _fence()
        return not _get16(self._memory, self._layout.avail)[0] & ring.AVAIL_NO_INTERRUPT
