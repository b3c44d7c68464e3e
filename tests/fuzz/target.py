"""A fuzz target: bytes become a hostile driver, and what must hold is checked at every step.

The first byte picks the format, a learner's own among them, and the host's page size. Then come
operations: an honest message of arbitrary bytes through the ring, arbitrary bytes written anywhere
into the shared window, a kick, a reset. `fuzz_device` is plain Python: hypothesis calls it in the
suite, ``run.py`` puts it under coverage-guided atheris.
"""

import numpy as np
from own_format import Pairs

from balloonkit.host import BalloonDevice, GuestRam, ModelRelease
from balloonkit.host.service import QueueService
from balloonkit.ram_layout import RamRange
from balloonkit.wire import CLASSIC, PAGE_CHUNKS, PFN_ARRAY, Feature
from balloonkit.wire.channel import WINDOW_BYTES, Channel, queue_layout
from balloonkit.wire.queue import Queue
from balloonkit.wire.queue_errors import QueueError

#: Two regions with a hole between them, 4 KiB pages [0, 256) and [512, 768).
REGIONS = [RamRange(0, 1 << 20), RamRange(2 << 20, 1 << 20)]
_RAM_PFNS = [*range(256), *range(512, 768)]
_HOST_PAGE_OF = {pfn: page for page, pfn in enumerate(_RAM_PFNS)}


class GuardedRelease(ModelRelease):
    """A release that refuses to write outside guest RAM: NumPy would wrap a negative index."""

    def release_pages(self, pages):
        self._check(pages, np.ones(len(pages), np.int64))
        return super().release_pages(pages)

    def release_ranges(self, starts, counts):
        self._check(starts, counts)
        return super().release_ranges(starts, counts)

    def _check(self, starts, counts):
        assert (starts >= 0).all()
        assert (counts > 0).all()
        assert (starts + counts <= len(self.resident)).all()


class Session:
    """One device that speaks a format, with its window and the hostile driver's end of it."""

    def __init__(self, wire_format, host_page_bytes):
        ram = GuestRam(REGIONS)
        self.device = BalloonDevice(ram, GuardedRelease(ram.pages, host_page_bytes))
        self.memory = memoryview(bytearray(WINDOW_BYTES))
        self.service = QueueService(self.device, self.memory)
        self.format = wire_format
        self.connect()

    def connect(self):
        self.device.negotiate(CLASSIC | (self.format.feature or Feature(0)))
        if self.format.feature is None:
            self.device.speak(self.format)
        assert self.device.format.name == self.format.name
        self.channels = {
            queue: Channel(self.memory, queue, self.kick, lambda queue, timeout_s: False)
            for queue in Queue
        }

    def kick(self, queue):
        self.service.serve(queue)
        if queue == Queue.STATS:
            self.service.request_stats()  # its last buffer stays until then
        # A hostile driver may clear the status byte; whether the ring is broken the device knows.
        if self.used_ring_intact and not self.service._broken:
            avail, used = queue_layout(queue).avail + 2, queue_layout(queue).used + 2
            indices = bytes(self.memory[avail : avail + 2]), bytes(self.memory[used : used + 2])
            assert indices[0] == indices[1], f"buffers not returned: avail, used = {indices}"

    def reset(self):
        self.service.reset()
        self.connect()
        self.trusted = self.used_ring_intact = True

    trusted = used_ring_intact = True

    def send(self, queue, message):
        """Send a message; where the ring is still honest, compare with the slow reference."""
        before = self.device._balloon.ballooned.copy()
        try:
            self.channels[queue].send(message, timeout_s=0)
        except QueueError:
            assert not self.trusted or len(message) == 0 or len(message) > 32760
            return
        if self.trusted and queue in (Queue.INFLATE, Queue.DEFLATE):
            named = PAGES_NAMED[self.format](message)
            before[named] = queue == Queue.INFLATE
            assert (self.device._balloon.ballooned == before).all(), "a valid page was lost"

    def scribble(self, address, data):
        self.trusted = False
        address %= WINDOW_BYTES
        room = min(len(data), WINDOW_BYTES - address)
        self.memory[address : address + room] = data[:room]
        for queue in Queue:  # the device writes there, but never reads what it wrote
            index = queue_layout(queue).used + 2
            self.used_ring_intact &= not (address < index + 2 and index < address + room)


def host_pages_of(ranges):
    """Host pages of every valid (base, pages), one page at a time."""
    named = []
    for base, pages in ranges:
        if pages <= 512:
            mine = [_HOST_PAGE_OF.get(pfn) for pfn in range(base, base + pages)]
            named += [] if None in mine else mine
    return named


def pages_in_chunks(message):
    count = int.from_bytes(message[:8], "little")
    if len(message) < 8 or count > 2047 or len(message) != 8 + 16 * count:
        return []
    words = [int.from_bytes(message[at : at + 8], "little") for at in range(8, len(message), 8)]
    pairs = zip(words[::2], words[1::2], strict=True)
    return host_pages_of((b >> 12, s >> 12) for b, s in pairs if not (b | s) & 0xFFF)


def pages_in_array(message):
    if len(message) % 4:
        return []
    starts = range(0, len(message), 4)
    return host_pages_of((int.from_bytes(message[at : at + 4], "little"), 1) for at in starts)


def pages_in_pairs(message):
    if len(message) % 5:
        return []
    starts = range(0, len(message), 5)
    return host_pages_of(
        (int.from_bytes(message[at : at + 4], "little"), message[at + 4]) for at in starts
    )


OWN = Pairs()
#: The formats fuzzed, and the slow obvious reading of each.
PAGES_NAMED = {
    PFN_ARRAY: pages_in_array,
    PAGE_CHUNKS: pages_in_chunks,
    OWN: pages_in_pairs,
}


def fuzz_device(data):
    """Drive one session from `data`; raise AssertionError if a promise is broken."""
    mode, at = (data[0] if data else 0), 1
    wire_format = PAGE_CHUNKS if mode & 1 else OWN if mode & 4 else PFN_ARRAY
    session = Session(wire_format, host_page_bytes=16384 if mode & 2 else 4096)
    while at + 4 <= len(data):
        operation, where = data[at] % 8, int.from_bytes(data[at + 1 : at + 3], "little")
        length = data[at + 3]
        payload, at = bytes(data[at + 4 : at + 4 + length]), at + 4 + length
        queue = Queue(where % 3)
        if operation < 4:
            session.send(queue, payload)
        elif operation == 4:
            session.scribble(where, payload)
        elif operation == 5:
            layout = queue_layout(queue)
            session.scribble(layout.base + (where >> 2) % (layout.end - layout.base), payload)
        elif operation == 6:
            session.kick(queue)
        else:
            session.reset()
    session.reset()
    [last] = wire_format.messages(np.arange(600, 608, dtype=np.uint32))
    session.send(Queue.INFLATE, last.data)
    assert not session.device.backend.resident[256 + 88 : 256 + 96].any()
