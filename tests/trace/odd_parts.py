"""Formats and hosts that do what the kit's own do not, for runs that show it."""

import numpy as np

from balloonkit.host import GuestRam, ModelHost
from balloonkit.ram_layout import RamRange
from balloonkit.wire import Format, PfnArray

__all__ = ["Doubled", "Pairs", "SmallHost"]


class Pairs(Format):
    """A learner's format: runs of up to 255 pages, five bytes each."""

    name = "runs of up to 255 pages"
    entry = "run"
    max_entries = 40

    def entries(self, pfns):
        runs = super().entries(pfns).tolist()
        return [(b + k, min(255, n - k)) for b, n in runs for k in range(0, n, 255)]

    def encode(self, entries):
        return b"".join(b.to_bytes(4, "little") + bytes([n]) for b, n in entries.tolist())

    def decode(self, data):
        if len(data) % 5:
            raise ValueError(f"{len(data)} bytes are no whole entries")
        parts = (data[at : at + 5] for at in range(0, len(data), 5))
        return [(int.from_bytes(part[:4], "little"), part[4]) for part in parts]


class SmallHost(ModelHost):
    """A host whose RAM has a hole the guest does not know of."""

    def __init__(self, size):
        super().__init__(size)
        ram = GuestRam([RamRange(0, 512 << 10), RamRange(768 << 10, 256 << 10)])
        self.device.ram = ram


class Doubled(PfnArray):
    """Names every page twice: a faulty driver's message."""

    def messages(self, pfns, scale=1, listener=None):
        return super().messages(np.repeat(pfns, 2), scale, listener)
