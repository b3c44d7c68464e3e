"""Formats and hosts that do what the kit's own do not, for runs that show it."""

import numpy as np

from balloonkit.host import GuestRam, ModelHost
from balloonkit.ram_layout import RamRange
from balloonkit.wire import PfnArray

__all__ = ["Doubled", "SmallHost"]


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
