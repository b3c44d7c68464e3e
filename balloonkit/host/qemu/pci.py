"""A modern virtio device on QEMU's PCI bus, set up as its driver would, register by register.

VIRTIO 1.2 section 4.1: capabilities in configuration space say where in which BAR the common
configuration, the notification area and the interrupt status lie; section 3.1.1 gives the order of
the set-up. QEMU serves queues before DRIVER_OK is set, so a wrong set-up passes unseen: each step
is read back here.
"""

from collections.abc import Sequence

from balloonkit.host.qemu.qtest import QtestClient, QtestError, read_command, write_command
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
    """Let q35's host bridge show RAM, for reading and writing, from 0xC0000 to 0xFFFFF.

    Examples
    --------
    >>> map_shadow_ram(emulator.qtest)  # doctest: +SKIP
    """
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

    Examples
    --------
    >>> map_memory(emulator.qtest, slot=5, bar=4, gpa=0xFE000000)  # doctest: +SKIP
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

    Examples
    --------
    >>> balloon = VirtioPci(emulator.qtest, slot=5, bar_gpa=0xFE000000)  # doctest: +SKIP
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

    def _read(self, field: tuple[int, int]) -> str:
        return read_command(self._common + field[0], field[1])

    def _write(self, field: tuple[int, int], value: int) -> str:
        return write_command(self._common + field[0], field[1], value)

    @property
    def status(self) -> int:
        """The device status byte."""
        return self._qtest.ask(self._read(_STATUS))

    def offered(self) -> int:
        """Return the feature bits the device offers, as one number of 64 bits."""
        low, high = (
            self._qtest.ask_all(
                [self._write(_DEVICE_FEATURE_SELECT, n), self._read(_DEVICE_FEATURE)]
            )
            for n in (0, 1)
        )
        return low[1] | high[1] << 32

    def reset(self) -> None:
        """Write 0 to the status: everything is forgotten."""
        status = self._qtest.ask_all([self._write(_STATUS, 0), self._read(_STATUS)])[1]
        if status != 0:
            raise QtestError(f"status {status:#x} after a reset")

    def set_up(self, features: int, queues: Sequence[RingLayout]) -> None:
        """Reset the device, accept `features`, lay its first queues out, and start it.

        Raises
        ------
        QtestError
            If it does not accept the features or a queue.
        """
        self.reset()
        status = _ACKNOWLEDGE
        commands = [self._write(_STATUS, status)]
        status |= _DRIVER
        commands.append(self._write(_STATUS, status))
        for half in (0, 1):
            commands.append(self._write(_DRIVER_FEATURE_SELECT, half))
            commands.append(self._write(_DRIVER_FEATURE, features >> 32 * half & 0xFFFFFFFF))
        status |= _FEATURES_OK
        commands += [self._write(_STATUS, status), self._read(_STATUS)]
        if not self._qtest.ask_all(commands)[-1] & _FEATURES_OK:
            raise QtestError(f"the device does not take the features {features:#x}")
        self._kicks = [self._lay_out(number, queue) for number, queue in enumerate(queues)]
        status |= _DRIVER_OK
        got = self._qtest.ask_all([self._write(_STATUS, status), self._read(_STATUS)])[-1]
        if got != status:
            raise QtestError(f"status {got:#x} after the set-up, not {status:#x}")

    def _lay_out(self, number: int, queue: RingLayout) -> int:
        """Place one queue; return the address that kicks it."""
        commands = [self._write(_QUEUE_SELECT, number), self._read(_QUEUE_SIZE)]
        commands.append(self._write(_QUEUE_SIZE, queue.size))
        halves: list[tuple[tuple[int, int], int]] = []  # QEMU takes a 64-bit address as two
        for field, gpa in (
            (_QUEUE_DESCRIPTORS, queue.base),
            (_QUEUE_DRIVER, queue.avail),
            (_QUEUE_DEVICE, queue.used),
        ):
            halves += [((field[0], 4), gpa & 0xFFFFFFFF), ((field[0] + 4, 4), gpa >> 32)]
        commands += [self._write(field, half) for field, half in halves]
        commands.append(self._write(_QUEUE_ENABLE, 1))
        reads = [_QUEUE_NOTIFY_OFFSET, *(field for field, _ in halves)]
        answers = self._qtest.ask_all(commands + [self._read(field) for field in reads])
        largest, notify_offset, placed = answers[1], answers[-len(reads)], answers[1 - len(reads) :]
        if largest < queue.size:
            raise QtestError(f"queue {number} takes {largest} descriptors, not {queue.size}")
        if placed != [half for _, half in halves]:
            raise QtestError(f"queue {number}: {placed} read back for {queue}")
        return self._notify + notify_offset * self._notify_multiplier

    def kick(self, queue: int) -> tuple[int, int]:
        """Notify `queue`; return the device status and the interrupt status, which clears it.

        The device has served the queue by then.
        """
        _, status, interrupt = self._qtest.ask_all(
            [
                write_command(self._kicks[queue], 2, queue),
                self._read(_STATUS),
                read_command(self._isr, 1),
            ]
        )
        return status, interrupt
