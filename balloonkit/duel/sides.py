"""The two sides of a duel: the kit's device and QEMU's, given the same bytes."""

import numpy as np

from balloonkit.duel.case import DuelCase, DuelOutcome, DuelSetup, ReturnedBuffer
from balloonkit.duel.families.setups import GRAPHICS_GPA
from balloonkit.host.device import BalloonDevice
from balloonkit.host.qemu.device import QemuDevice
from balloonkit.host.qemu.host import INDIRECT_BIT, VERSION_1_BIT
from balloonkit.host.qemu.pci import map_memory
from balloonkit.host.ram import GuestRam
from balloonkit.host.release import ModelRelease
from balloonkit.host.rules import KIT, DeviceRule
from balloonkit.host.service import QueueService
from balloonkit.units import PFN_SHIFT
from balloonkit.wire.channel import NEEDS_RESET, QUEUE_SIZE, STATUS_ADDRESS, queue_layout
from balloonkit.wire.features import CLASSIC, Feature
from balloonkit.wire.queue import Queue
from balloonkit.wire.ring import INDEX_MASK

__all__ = ["KitSide", "QemuSide"]

#: What a case may write to: cleared before the device is set up anew.
_CASE_BYTES = 0xA0000
_GRAPHICS_SLOT = 5


class UsedRings:
    """Takes back what a device returned, as far as a used ring shows it."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._next = dict.fromkeys(Queue, 0)
        self._used = {queue: queue_layout(queue).used for queue in Queue}

    def take(self) -> tuple[tuple[ReturnedBuffer, ...], int]:
        """Return the elements since the last call, by queue, and how many there were."""
        returned: list[ReturnedBuffer] = []
        total = 0
        for queue, seen in self._next.items():
            used = self._used[queue]
            index = int.from_bytes(self._memory[used + 2 : used + 4], "little")
            count = (index - seen) & INDEX_MASK
            for at in range(index - min(count, QUEUE_SIZE), index):
                place = used + 4 + 8 * (at % QUEUE_SIZE)
                head = int.from_bytes(self._memory[place : place + 4], "little")
                written = int.from_bytes(self._memory[place + 4 : place + 8], "little")
                returned.append(ReturnedBuffer(int(queue), head, written))
            self._next[queue] = index
            total += count
        return tuple(returned), total


class KitSide:
    """The kit's own device, releasing on paper; its window is all of low RAM.

    Parameters
    ----------
    setup : DuelSetup
    rule : DeviceRule
        How it turns a message into releases.
    """

    name = "the kit"

    def __init__(self, setup: DuelSetup, rule: DeviceRule = KIT) -> None:
        self._ram = GuestRam(setup.regions)
        self._backend = ModelRelease(self._ram.pages, setup.host_page_bytes)
        self._device = BalloonDevice(self._ram, self._backend, rule=rule)
        self._memory = memoryview(bytearray(setup.low_bytes))
        self._pfns = np.concatenate(
            [np.arange(r.gpa, r.gpa + r.size_bytes, 1 << PFN_SHIFT) for r in setup.regions]
        )
        self._pfns >>= PFN_SHIFT

    def start(self) -> None:
        """Reset the device, clear what cases write, negotiate the classic format."""
        self._device.reset()
        self._memory[:_CASE_BYTES] = bytes(_CASE_BYTES)
        self._service = QueueService(self._device, self._memory)
        self._device.negotiate(CLASSIC)
        self._used = UsedRings(self._memory)

    def run(self, case: DuelCase) -> DuelOutcome:
        """Do a case, and put memory behind every page again."""
        releases = self._device.counters().releases
        interrupts, raised = 0, ""
        for kick in case.kicks:
            for gpa, data in kick.writes:
                self._memory[gpa : gpa + len(data)] = data
            try:
                interrupts += self._service.serve(Queue(kick.queue))
            except Exception as error:  # a fault of ours: the duel reports it
                raised = type(error).__name__
        released = self._pfns[~self._backend.resident]
        self._backend.resident[:] = True
        returned, count = self._used.take()
        return DuelOutcome(
            returned,
            count,
            tuple(released.tolist()),
            self._device.counters().releases - releases,
            interrupts,
            bool(self._memory[STATUS_ADDRESS] & NEEDS_RESET),
            raised,
        )

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""


class QemuSide:
    """QEMU's device.

    Parameters
    ----------
    setup : DuelSetup
    qemu : str, optional
        The program.

    Raises
    ------
    OSError
        If the set-up needs huge pages and there are none.
    """

    name = "QEMU"

    def __init__(self, setup: DuelSetup, qemu: str | None = None) -> None:
        options = ["-device", f"VGA,romfile=,addr={_GRAPHICS_SLOT}"] if setup.graphics else []
        self.device = QemuDevice(
            setup.low_bytes + setup.high_bytes,
            setup.low_bytes,
            qemu,
            huge_pages=setup.host_page_bytes > 1 << PFN_SHIFT,
            trace_pages=False,
            shadow_ram=setup.shadow_ram,
            options=options,
        )
        if setup.graphics:
            map_memory(self.device.qtest, _GRAPHICS_SLOT, 0, GRAPHICS_GPA)
        self._memory = self.device.ram.window(setup.low_bytes)

    def start(self) -> None:
        """Reset the device, clear what cases write, set the device up."""
        self.device.reset()
        self._memory[:_CASE_BYTES] = bytes(_CASE_BYTES)
        self.device.set_up(int(Feature.STATS_VQ) | INDIRECT_BIT | VERSION_1_BIT)
        self._used = UsedRings(self._memory)

    def run(self, case: DuelCase) -> DuelOutcome:
        """Do a case, and put memory behind every page again."""
        interrupts = releases = 0
        broken = False
        for kick in case.kicks:
            for gpa, data in kick.writes:
                self._memory[gpa : gpa + len(data)] = data
            kicked = self.device.kick(kick.queue)
            interrupts += kicked.interrupt != 0
            broken |= bool(kicked.status & NEEDS_RESET)
            releases += kicked.releases()
        released = self.device.take_released()
        returned, count = self._used.take()
        return DuelOutcome(returned, count, tuple(released.tolist()), releases, interrupts, broken)

    def close(self) -> None:
        """End QEMU and give the memory back."""
        self._memory.release()
        self.device.close()
