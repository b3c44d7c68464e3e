"""Both halves of a queue over one memory, and a driver that writes what it likes."""

import struct

from balloonkit.wire.ring import RingLayout
from balloonkit.wire.virtqueue import DeviceQueue, DriverQueue

SIZE = 8
LAYOUT = RingLayout(base=0, size=SIZE)
TABLE = 1024  # room for an indirect table
WINDOW_BYTES = 4096


class Pair:
    """Both halves over one fresh window."""

    def __init__(self):
        self.memory = memoryview(bytearray(WINDOW_BYTES))
        self.driver = DriverQueue(self.memory, LAYOUT)
        self.device = DeviceQueue(self.memory, LAYOUT)

    def describe(self, slot, address, length_bytes, flags=0, following=0, table=LAYOUT.base):
        struct.pack_into(
            "<QIHH", self.memory, table + 16 * slot, address, length_bytes, flags, following
        )

    def make_available(self, *heads, index=None):
        for i, head in enumerate(heads):
            struct.pack_into("<H", self.memory, LAYOUT.avail + 4 + 2 * i, head)
        count = len(heads) if index is None else index
        struct.pack_into("<H", self.memory, LAYOUT.avail + 2, count)


def make_pair():
    return Pair()
