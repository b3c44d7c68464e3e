"""QEMU's balloon with its guest RAM, ready to be kicked, and what it says it did.

Guest RAM begins with the kit's window (`balloonkit.wire.channel`), so ring, descriptors and message
are the same bytes as in the kit's own device. Pages of the window are guest RAM here: a driver that
names one of them wipes it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from balloonkit.host.qemu.emulator import Emulator, EmulatorLostError, find_qemu, qemu_version
from balloonkit.host.qemu.pci import VirtioPci, map_shadow_ram
from balloonkit.host.qemu.qtest import QtestError
from balloonkit.host.qemu.ram_file import RamFile
from balloonkit.ram_layout import HIGH_RAM_GPA, RamRange
from balloonkit.units import PFN_SHIFT
from balloonkit.wire.channel import queue_layout
from balloonkit.wire.queue import Queue

__all__ = ["Kicked", "QemuDevice"]

_BALLOON_SLOT = 4
#: Where the balloon's registers are mapped: in no RAM of any layout here.
_BAR_GPA = 0xFE000000
# What QEMU traces: a PFN it took, one it refused, a range it handed to the kernel to release.
_TAKEN = re.compile(rb"^virtio_balloon_handle_output section name: (\S+) gpa: (0x\w+)", re.M)
_REFUSED = re.compile(rb"^virtio_balloon_bad_addr (0x\w+)", re.M)
_RELEASED = re.compile(rb"^ram_block_discard_range (\S+)@0x\w+ \+ (0x\w+):.* ret: (-?\w+)", re.M)
_RELEASE_EVENT = "ram_block_discard_range"
_EVENTS = ("virtio_balloon_handle_output", "virtio_balloon_bad_addr", _RELEASE_EVENT)


@dataclass(frozen=True)
class Kicked:
    """What one kick made QEMU do.

    Attributes
    ----------
    status : int
        Device status byte.
    interrupt : int
        Interrupt status: bit 0 a queue's, bit 1 a changed configuration.
    log : bytes
        What QEMU traced and complained of.
    """

    status: int
    interrupt: int
    log: bytes

    def taken_pfns(self) -> list[int]:
        """List the PFNs QEMU took for pages of RAM, in their order."""
        return [int(gpa, 16) >> PFN_SHIFT for _, gpa in _TAKEN.findall(self.log)]

    def refused_pfns(self) -> list[int]:
        """List the PFNs QEMU skipped, in their order."""
        return [int(gpa, 16) >> PFN_SHIFT for gpa in _REFUSED.findall(self.log)]

    def releases(self) -> int:
        """Count the ranges QEMU handed to the kernel."""
        return self.log.count(_RELEASE_EVENT.encode() + b" ")

    def failed_releases(self) -> list[str]:
        """List the ranges the kernel did not release."""
        return [
            f"{name.decode()}: {length.decode()} bytes, {code.decode()}"
            for name, length, code in _RELEASED.findall(self.log)
            if code != b"0"
        ]


class QemuDevice:
    """QEMU's balloon over `size_bytes` of guest RAM.

    Parameters
    ----------
    size_bytes : int
    low_bytes : int
        How much of it lies below 4 GiB; the rest begins at 4 GiB.
    qemu : str, optional
        The program; by default ``qemu-system-x86_64`` on PATH.
    huge_pages : bool
        RAM of the kernel's pool of 2 MiB pages.
    trace_pages : bool
        Have QEMU say what it makes of each PFN; that takes it half its time. Releases are always
        traced.
    shadow_ram : bool
        Map RAM from 0xC0000 to 0xFFFFF, as a BIOS does. At reset it is none for QEMU.
    options : sequence of str
        More words of QEMU's command line.

    Attributes
    ----------
    ram : RamFile
    version : str
        QEMU's.
    regions : tuple of RamRange
        Where RAM lies.
    offered : int
        Feature bits.

    Raises
    ------
    NoEmulatorError
        If there is no QEMU.
    EmulatorLostError
        If it does not come up.
    OSError
        If there is no memory, or there are no huge pages.

    Examples
    --------
    >>> with QemuDevice(16 << 20, 16 << 20) as device:  # doctest: +SKIP
    ...     device.version
    '7.2.22'
    """

    def __init__(
        self,
        size_bytes: int,
        low_bytes: int,
        qemu: str | None = None,
        huge_pages: bool = False,
        trace_pages: bool = True,
        shadow_ram: bool = True,
        options: Sequence[str] = (),
    ) -> None:
        program = find_qemu(qemu)
        self.version = qemu_version(program)
        high_bytes = size_bytes - low_bytes
        self.regions: tuple[RamRange, ...] = (RamRange(0, low_bytes),)
        if high_bytes > 0:
            self.regions += (RamRange(HIGH_RAM_GPA, high_bytes),)
        self._low_pages = low_bytes >> PFN_SHIFT
        self.ram = RamFile(size_bytes, huge_pages)
        events = _EVENTS if trace_pages else (_RELEASE_EVENT,)
        traced = [word for event in events for word in ("-trace", event)]
        try:
            self._emulator = Emulator(
                program, self.ram, low_bytes, _BALLOON_SLOT, [*traced, *options]
            )
        except BaseException:
            self.ram.close()
            raise
        self.pid = self._emulator.pid
        self.qtest = self._emulator.qtest
        try:
            with self._talking():
                if shadow_ram:
                    map_shadow_ram(self.qtest)
                self._pci = VirtioPci(self.qtest, _BALLOON_SLOT, _BAR_GPA)
                self.offered = self._pci.offered()
        except BaseException:
            self.close()
            raise

    def set_up(self, features: int, queues: int = len(Queue)) -> None:
        """Reset the device, accept `features`, lay out the window's queues, start it."""
        with self._talking():
            self._pci.set_up(features, [queue_layout(Queue(n)) for n in range(queues)])
        self._emulator.drain_log()

    def reset(self) -> None:
        """Reset the device: it forgets features and queues."""
        with self._talking():
            self._pci.reset()

    def kick(self, queue: int) -> Kicked:
        """Notify `queue`, which is served by the time this returns."""
        with self._talking():
            status, interrupt = self._pci.kick(queue)
        return Kicked(status, interrupt, self._emulator.drain_log())

    def released_pfns(self) -> NDArray[np.int64]:
        """List the PFNs that have no memory behind them, ascending; touches none of them."""
        return self._pfns(self.ram.holes())

    def take_released(self) -> NDArray[np.int64]:
        """List the PFNs that have no memory behind them, and put some there again."""
        pages = self.ram.holes()
        self.ram.fill(pages)
        return self._pfns(pages)

    def _pfns(self, pages: NDArray[np.int64]) -> NDArray[np.int64]:
        above = (HIGH_RAM_GPA >> PFN_SHIFT) - self._low_pages
        return np.where(pages < self._low_pages, pages, pages + above)

    @contextmanager
    def _talking(self) -> Iterator[None]:
        try:
            yield
        except QtestError as error:
            words = self._emulator.last_words()
            raise EmulatorLostError(f"QEMU, pid {self.pid}: {error}; {words}") from error

    def close(self) -> None:
        """End QEMU and give the memory back; more than once does no harm."""
        self._emulator.close()
        self.ram.close()
