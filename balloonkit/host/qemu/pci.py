"""A modern virtio device on QEMU's PCI bus, set up as its driver would, register by register.

VIRTIO 1.2 section 4.1: capabilities in configuration space say where in which BAR the common
configuration, the notification area and the interrupt status lie; section 3.1.1 gives the order of
the set-up. QEMU serves queues before DRIVER_OK is set, so a wrong set-up passes unseen: each step
is read back here.
"""

from collections.abc import Sequence

from balloonkit.host.qemu.qtest import QtestClient, QtestError
from balloonkit.wire.ring import RingLayout

__all__ = ["VirtioPci", "map_memory", "map_shadow_ram"]

# PC ports of PCI configuration space: which register, and its value.
_CONFIG_ADDRESS, _CONFIG_DATA = 0xCF8, 0xCFC
_CONFIG_ENABLE = 1 << 31
_VIRTIO_VENDOR = 0x1AF4
#: Device id of a balloon without the legacy interface: 0x1040 + 5 (sections 4.1.2 and 5.5.1).
_BALLOON_DEVICE = 0x1045
# Registers of configuration space: command, BAR 0, the first capability.
_COMMAND, _BAR_0, _CAPABILITIES = 0x04, 0x10, 0x34
#: The BAR in which QEMU puts a virtio device's structures.
_BAR = 4
_HOST_BRIDGE_SLOT = 0
_MEMORY_AND_MASTER = 0x6
_VENDOR_CAPABILITY = 9
#: Registers PAM0 to PAM6 of q35's host bridge (Intel 82G33 datasheet): two bits for reads and
#: writes, for each half of a byte a range of the 256 KiB; the rest of the second word is SMRAM's.
_PAM_ALL_RAM = ((0x90, 0x33333330), (0x94, 0x02333333))
# Kinds of virtio capability (section 4.1.4).
_COMMON, _NOTIFY, _ISR, _DEVICE = 1, 2, 3, 4
# Fields of the common configuration (section 4.1.4.3): offset and width in bytes.
_DEVICE_FEATURE_SELECT, _DEVICE_FEATURE = (0x00, 4), (0x04, 4)
_DRIVER_FEATURE_SELECT, _DRIVER_FEATURE = (0x08, 4), (0x0C, 4)
_STATUS, _QUEUE_SELECT, _QUEUE_SIZE = (0x14, 1), (0x16, 2), (0x18, 2)
_QUEUE_ENABLE, _QUEUE_NOTIFY_OFFSET = (0x1C, 2), (0x1E, 2)
_QUEUE_DESCRIPTORS, _QUEUE_DRIVER, _QUEUE_DEVICE = (0x20, 8), (0x28, 8), (0x30, 8)
# Device status (section 2.1).
_ACKNOWLEDGE, _DRIVER, _DRIVER_OK, _FEATURES_OK = 1, 2, 4, 8


def map_shadow_ram(qtest: QtestClient) -> None:
    """Let q35's host bridge show RAM, for reading and writing, from 0xC0000 to 0xFFFFF."""
    for register, value in _PAM_ALL_RAM:
        _set_config(qtest, _HOST_BRIDGE_SLOT, register, value)


def map_memory(qtest: QtestClient, slot: int, bar: int, gpa: int) -> None:
    """Show the device in `slot` where its memory lies, and let it be reached there.

    Parameters
    ----------
    bar : int
        Which base address register, 0 to 5; a pair of them is one of 64 bits.
    gpa : int
        Below 4 GiB.
    """
    _set_config(qtest, slot, _BAR_0 + 4 * bar, gpa)
    command = _config(qtest, slot, _COMMAND) & 0xFFFF
    _set_config(qtest, slot, _COMMAND, command | _MEMORY_AND_MASTER)


def _config(qtest: QtestClient, slot: int, register: int) -> int:
    return qtest.ask_all([_select(slot, register), f"inl {_CONFIG_DATA:#x}"])[1]


def _set_config(qtest: QtestClient, slot: int, register: int, value: int) -> None:
    qtest.ask_all([_select(slot, register), f"outl {_CONFIG_DATA:#x} {value:#x}"])


def _select(slot: int, register: int) -> str:
    return f"outl {_CONFIG_ADDRESS:#x} {_CONFIG_ENABLE | slot << 11 | register:#x}"


class VirtioPci:
    """The balloon in PCI slot `slot`, its registers mapped at `bar_gpa`.

    Parameters
    ----------
    qtest : QtestClient
    slot : int
    bar_gpa : int
        Guest physical address, 16 KiB aligned, in no RAM.

    Raises
    ------
    QtestError
        If there is no balloon there, or it does not take its set-up.
    """

    def __init__(self, qtest: QtestClient, slot: int, bar_gpa: int) -> None:
        self._qtest = qtest
        self._slot = slot
        identity = self._config(0)
        if identity != _BALLOON_DEVICE << 16 | _VIRTIO_VENDOR:
            raise QtestError(f"PCI slot {slot}: {identity:#010x} is no balloon")
        map_memory(qtest, slot, _BAR, bar_gpa)
        places: dict[int, int] = {}
        at = self._config(_CAPABILITIES) & 0xFF
        while at:
            head = self._config(at)
            kind = head >> 24
            if head & 0xFF == _VENDOR_CAPABILITY and self._config(at + 4) & 0xFF == _BAR:
                places[kind] = bar_gpa + self._config(at + 8)
                if kind == _NOTIFY:
                    self._notify_multiplier = self._config(at + 16)
            at = head >> 8 & 0xFF
        self._common, self._notify = places[_COMMON], places[_NOTIFY]
        self._isr = places[_ISR]
        self.device_config_gpa = places[_DEVICE]
        self._kicks: list[int] = []

    def _config(self, register: int) -> int:
        return _config(self._qtest, self._slot, register)

    def _get(self, field: tuple[int, int]) -> int:
        return self._qtest.read(self._common + field[0], field[1])

    def _set(self, field: tuple[int, int], value: int) -> None:
        self._qtest.write(self._common + field[0], field[1], value)

    @property
    def status(self) -> int:
        """The device status byte."""
        return self._get(_STATUS)

    def offered(self) -> int:
        """Return the feature bits the device offers, as one number of 64 bits."""
        bits = 0
        for half in (0, 1):
            self._set(_DEVICE_FEATURE_SELECT, half)
            bits |= self._get(_DEVICE_FEATURE) << 32 * half
        return bits

    def reset(self) -> None:
        """Write 0 to the status: everything is forgotten."""
        self._set(_STATUS, 0)
        if self.status != 0:
            raise QtestError(f"status {self.status:#x} after a reset")

    def set_up(self, features: int, queues: Sequence[RingLayout]) -> None:
        """Reset the device, accept `features`, lay its first queues out, and start it.

        Raises
        ------
        QtestError
            If it does not accept the features or a queue.
        """
        self.reset()
        self._set(_STATUS, _ACKNOWLEDGE)
        self._set(_STATUS, _ACKNOWLEDGE | _DRIVER)
        for half in (0, 1):
            self._set(_DRIVER_FEATURE_SELECT, half)
            self._set(_DRIVER_FEATURE, features >> 32 * half & 0xFFFFFFFF)
        self._set(_STATUS, _ACKNOWLEDGE | _DRIVER | _FEATURES_OK)
        if not self.status & _FEATURES_OK:
            raise QtestError(f"the device does not take the features {features:#x}")
        self._kicks = [self._lay_out(number, queue) for number, queue in enumerate(queues)]
        self._set(_STATUS, _ACKNOWLEDGE | _DRIVER | _FEATURES_OK | _DRIVER_OK)
        running = _ACKNOWLEDGE | _DRIVER | _FEATURES_OK | _DRIVER_OK
        if self.status != running:
            raise QtestError(f"status {self.status:#x} after the set-up, not {running:#x}")

    def _lay_out(self, number: int, queue: RingLayout) -> int:
        """Place one queue; return the address that kicks it."""
        self._set(_QUEUE_SELECT, number)
        largest = self._get(_QUEUE_SIZE)
        if largest < queue.size:
            raise QtestError(f"queue {number} takes {largest} descriptors, not {queue.size}")
        self._set(_QUEUE_SIZE, queue.size)
        places = (queue.base, queue.avail, queue.used)
        for field, gpa in zip(
            (_QUEUE_DESCRIPTORS, _QUEUE_DRIVER, _QUEUE_DEVICE), places, strict=True
        ):
            # QEMU takes a 64-bit address as two halves.
            self._set((field[0], 4), gpa & 0xFFFFFFFF)
            self._set((field[0] + 4, 4), gpa >> 32)
            got = self._get((field[0], 4)) | self._get((field[0] + 4, 4)) << 32
            if got != gpa:
                raise QtestError(f"queue {number}: {got:#x} reads back for {gpa:#x}")
        self._set(_QUEUE_ENABLE, 1)
        return self._notify + self._get(_QUEUE_NOTIFY_OFFSET) * self._notify_multiplier

    def kick(self, queue: int) -> tuple[int, int]:
        """Notify `queue`; return the device status and the interrupt status, which clears it.

        The device has served the queue by then.
        """
        _, status, interrupt = self._qtest.ask_all(
            [
                f"writew {self._kicks[queue]:#x} {queue:#x}",
                f"readb {self._common + _STATUS[0]:#x}",
                f"readb {self._isr:#x}",
            ]
        )
        return status, interrupt
