"""The first page of the window: device status, features, and the balloon's configuration.

A virtio transport gives these registers of their own; the window has only memory, so they lie
behind the status byte, and whoever changes one kicks the other side. All little endian:

====== ====== =================== ==========================================================
offset bytes  field               written by
====== ====== =================== ==========================================================
0      1      status              both (VIRTIO 1.2 section 2.1)
4      4      device_features     the device, last of all after a reset
8      4      driver_features     the driver, before its status says DRIVER_OK
12     4      num_pages           the device: how large the balloon should be (section 5.5.4)
16     4      actual              the driver: how large it is
20     4      request             the device: counts what it asked for, so far
24     4      served              the driver: the last request it is done with
====== ====== =================== ==========================================================

Reset: the driver writes 0 to device_features and FAILED to the status, and kicks. The device
forgets everything, clears the window, and writes its features, which is the answer.
"""

import struct

from balloonkit.wire.channel import STATUS_ADDRESS
from balloonkit.wire.features import Feature

__all__ = ["DRIVER_OK", "FAILED", "ConfigSpace"]

#: Status bit: the driver is set up (VIRTIO 1.2 section 2.1).
DRIVER_OK = 4
#: Status bit: the driver has given up on the device (the same section); here it asks for a reset.
FAILED = 128

_U32 = struct.Struct("<I")
_DEVICE_FEATURES, _DRIVER_FEATURES, _NUM_PAGES, _ACTUAL, _REQUEST, _SERVED = range(4, 28, 4)


class ConfigSpace:
    """Reads and writes the configuration, for the device's side.

    Parameters
    ----------
    memory : memoryview
        The window; the driver may write anything into it at any time.

    Examples
    --------
    >>> config = ConfigSpace(memoryview(bytearray(4096)))
    >>> config.ask(pages=512, request=1)
    >>> config.num_pages, config.actual_pages, config.served
    (512, 0, 0)
    """

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory

    @property
    def status(self) -> int:
        """The device status byte."""
        return self._memory[STATUS_ADDRESS]

    @property
    def num_pages(self) -> int:
        """4 KiB pages the balloon should have."""
        return self._get(_NUM_PAGES)

    def ask(self, pages: int, request: int) -> None:
        """Write how large the balloon should be, and the number of this request behind it."""
        self._put(_NUM_PAGES, pages)
        self._put(_REQUEST, request)

    @property
    def actual_pages(self) -> int:
        """4 KiB pages the balloon has, says the driver."""
        return self._get(_ACTUAL)

    @property
    def served(self) -> int:
        """The last request the driver is done with, whether it could do all of it or not."""
        return self._get(_SERVED)

    @property
    def driver_features(self) -> Feature:
        """What the driver accepts; bits nobody has a name for are dropped."""
        return Feature(self._get(_DRIVER_FEATURES) & sum(Feature))

    def offer(self, features: Feature) -> None:
        """Write what the device offers, which ends a reset."""
        self._put(_DEVICE_FEATURES, int(features))

    def _get(self, offset: int) -> int:
        value: int = _U32.unpack_from(self._memory, offset)[0]
        return value

    def _put(self, offset: int, value: int) -> None:
        _U32.pack_into(self._memory, offset, value)
