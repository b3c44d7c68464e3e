"""What QEMU's balloon does only while its machine runs: statistics, reports, hints, snapshots.

The machine's BIOS halts at once, so nothing touches the memory but the device and the test.
"""

import struct
import time

import numpy as np
import pytest
from qemu.qmp.qmp_client import ExecuteError
from qemu_monitor import Monitor

from balloonkit import Machine
from balloonkit.guest import Guest
from balloonkit.host.qemu import EmulatorLostError
from balloonkit.host.qemu.device import QemuDevice
from balloonkit.host.qemu.pci import VirtioPci
from balloonkit.host.qemu.qtest import read_command, write_command
from balloonkit.wire import encode_pfns
from balloonkit.wire.channel import queue_layout
from balloonkit.wire.features import Feature
from balloonkit.wire.queue import Queue
from balloonkit.wire.ring import RingLayout
from balloonkit.wire.virtqueue import Buffer, DriverQueue

RAM_BYTES = 16 << 20
VERSION_1 = 1 << 32
MESSAGE_GPA = 0x40000
#: x86 begins 16 bytes before the end of its BIOS: interrupts off, halt, and again.
HALTING_BIOS = bytes((1 << 16) - 16) + b"\xfa\xf4\xeb\xfd".ljust(16, b"\0")
#: Offsets in the balloon's configuration (VIRTIO 1.2 section 5.5.4).
HINT_COMMAND_ID, POISON_VALUE = 8, 12
#: `free_page_hint_cmd_id` (section 5.5.6.5): stop, done, and the first id of a round.
STOP, DONE, FIRST_ROUND = 0, 1, 1 << 31
#: As long as anything here may take; only a QEMU that hangs takes it.
PATIENCE_S = 30


class Running:
    """A QEMU whose processor is halted, its balloon set up, and its monitor.

    Parameters
    ----------
    tmp_path : Path
    features : int
        The balloon's bits that are accepted.
    queue_sizes : sequence of int
    words : str
        Of QEMU's command line.
    """

    def __init__(self, tmp_path, features, queue_sizes=(128, 128, 128), words=()):
        bios, monitor = tmp_path / "halt.bin", tmp_path / "monitor"
        bios.write_bytes(HALTING_BIOS)
        options = ["-bios", str(bios), "-qmp", f"unix:{monitor},server=on,wait=off", *words]
        self.device = QemuDevice(RAM_BYTES, RAM_BYTES, options=options)
        self.monitor = Monitor(str(monitor))
        self.monitor.cmd("cont")
        assert self.monitor.cmd("query-status")["running"]
        self.memory = self.device.ram.window(RAM_BYTES)
        self.pci = VirtioPci(self.device.qtest, 4, 0xFE000000)
        layouts = [RingLayout(0x10000 + 0x2000 * n, size) for n, size in enumerate(queue_sizes)]
        self.pci.set_up(features | VERSION_1, layouts)
        self.queues = [DriverQueue(self.memory, layout) for layout in layouts]
        (self.balloon,) = (
            f"/machine/peripheral-anon/{child['name']}"
            for child in self.monitor.cmd("qom-list", path="/machine/peripheral-anon")
            if "balloon" in child["type"]
        )

    def send(self, queue, data):
        """Send bytes; return the head that came back, if one did."""
        self.memory[MESSAGE_GPA : MESSAGE_GPA + len(data)] = data
        return self.give(queue, Buffer(MESSAGE_GPA, len(data)))

    def give(self, queue, *buffers):
        """Give buffers as one chain; return the head that came back, if one did."""
        self.queues[queue].add(buffers)
        self.pci.kick(queue)
        return self.queues[queue].take_used()

    def released(self):
        """List the PFNs released since the last call."""
        return self.device.take_released().tolist()

    def config(self, offset):
        return self.device.qtest.ask(read_command(self.pci.device_config_gpa + offset, 4))

    def migration(self):
        return self.monitor.cmd("query-migrate")

    def close(self):
        self.monitor.close()
        self.memory.release()
        self.device.close()


@pytest.fixture
def running(tmp_path):
    started = []

    def start(*arguments, **options):
        started.append(Running(tmp_path, *arguments, **options))
        return started[-1]

    yield start
    for each in started:
        each.close()


def until(condition):
    end = time.monotonic() + PATIENCE_S
    while not (met := condition()):
        assert time.monotonic() < end, "QEMU hangs"
        time.sleep(0.01)
    return met


def entries(**values):
    tags = {"free": 4, "total": 5, "since_6_12": 10, "unknown": 999}
    return b"".join(struct.pack("<HQ", tags[name], value) for name, value in values.items())


def test_a_statistics_buffer_is_kept_and_comes_back_once_when_new_ones_are_wanted(running):
    """VIRTIO 1.2, 5.5.6.3: the device retains the buffer to initiate a subsequent request."""
    qemu = running(int(Feature.STATS_VQ))
    assert qemu.send(Queue.STATS, entries(free=1234, total=99)) is None

    def came_back():
        return qemu.queues[Queue.STATS].take_used() is not None

    def request(seconds):  # a poll now, and one every so many seconds
        qemu.monitor.cmd(
            "qom-set", path=qemu.balloon, property="guest-stats-polling-interval", value=seconds
        )

    request(1)
    until(came_back)
    time.sleep(1.5)
    assert not came_back()  # there is nothing with the device to give back
    assert qemu.send(Queue.STATS, entries(free=5)) is None
    until(came_back)


def test_the_kits_device_keeps_and_returns_a_statistics_buffer_just_so():
    with Machine(Guest.idle("64MiB"), Feature.STATS_VQ) as machine:
        host = machine.host
        ring = DriverQueue(host.memory, queue_layout(Queue.STATS))
        ring.add([Buffer(0x8000, 20)])
        host.kick(Queue.STATS)
        assert ring.take_used() is None
        host.request_stats()
        assert ring.take_used() == 0
        host.request_stats()
        assert ring.take_used() is None


def test_statistics_are_read_by_tag_and_what_is_not_told_is_not_kept(running):
    qemu = running(int(Feature.STATS_VQ))
    qemu.send(Queue.STATS, entries(free=1 << 30, since_6_12=7, unknown=8))
    told = qemu.monitor.cmd("qom-get", path=qemu.balloon, property="guest-stats")["stats"]
    assert told.pop("stat-free-memory") == 1 << 30
    assert set(told.values()) == {(1 << 64) - 1}  # not told: -1


REPORTING = ["-global", "virtio-balloon-device.free-page-reporting=on"]
REPORTING_BITS = int(Feature.STATS_VQ | Feature.REPORTING | Feature.PAGE_POISON)


def test_reported_blocks_are_released_before_they_come_back(running):
    """Without hinting the reporting queue is number 3, and it has 32 descriptors."""
    qemu = running(REPORTING_BITS, (128, 128, 128, 32), words=REPORTING)
    report = qemu.queues[3]
    report.add([Buffer(4 << 20, 2 << 20, True), Buffer(7 << 20, 4096, True)])
    qemu.pci.kick(3)
    assert report.take_used() == 0
    assert qemu.released() == [*range(0x400, 0x600), 0x700]


@pytest.mark.parametrize(
    "buffer",
    [
        Buffer(7 << 20, 1000, True),  # less than a page
        Buffer((7 << 20) + 2048, 8192, True),  # from the middle of one to the middle of another
        Buffer(7 << 20, 8192, False),  # not writable: nothing is reported by what is read
    ],
)
def test_reports_of_no_whole_pages_release_nothing_and_come_back(running, buffer):
    qemu = running(REPORTING_BITS, (128, 128, 128, 32), words=REPORTING)
    assert qemu.give(3, buffer) == 0
    assert qemu.released() == []


def test_a_poison_value_stops_reporting_but_not_inflating(running):
    """What QEMU releases reads as zeros, not as the poison: of reports 5.5.6.7 forbids that."""
    qemu = running(REPORTING_BITS, (128, 128, 128, 32), words=REPORTING)
    poison = write_command(qemu.pci.device_config_gpa + POISON_VALUE, 4, 0xAAAAAAAA)
    qemu.device.qtest.ask(poison)
    assert qemu.config(POISON_VALUE) == 0xAAAAAAAA
    assert qemu.give(3, Buffer(4 << 20, 2 << 20, True)) == 0
    assert qemu.released() == []
    qemu.send(Queue.INFLATE, struct.pack("<I", 0x500))
    assert qemu.released() == [0x500]


HINTING = [
    *("-object", "iothread,id=hints", "-global", "virtio-balloon-device.free-page-hint=on"),
    *("-global", "virtio-balloon-device.iothread=/objects/hints"),
]


def migrate_slowly(qemu):
    """Begin a migration to nowhere that cannot end before it may go faster."""
    qemu.memory[1 << 20 : RAM_BYTES] = np.random.default_rng(1).bytes(15 << 20)
    qemu.monitor.cmd("migrate-set-parameters", **{"max-bandwidth": 1 << 16})
    qemu.monitor.cmd("migrate", uri="exec:cat >/dev/null")


def finish_migration(qemu):
    qemu.monitor.cmd("migrate-set-parameters", **{"max-bandwidth": 1 << 34})
    return until(lambda: (m := qemu.migration())["status"] == "completed" and m)


def test_hinted_blocks_are_kept_by_the_guest_and_not_copied_by_a_migration(running):
    """Nothing is released by a hint; the command's number names the round."""
    bits = int(Feature.STATS_VQ | Feature.PAGE_POISON) | 1 << 3  # FREE_PAGE_HINT, as 3 is today
    qemu = running(bits, (128,) * 4, words=HINTING)
    assert qemu.config(HINT_COMMAND_ID) == STOP
    migrate_slowly(qemu)
    until(lambda: qemu.config(HINT_COMMAND_ID) >= FIRST_ROUND)
    hints = qemu.queues[3]
    qemu.send(3, struct.pack("<I", qemu.config(HINT_COMMAND_ID)))
    for mib in range(4, 12):
        hints.add([Buffer(mib << 20, 1 << 20, True)])
    qemu.pci.kick(3)
    back = [0]  # the message above; QEMU serves this queue in a thread of its own

    def all_back():
        while (head := hints.take_used()) is not None:
            back.append(head)
        return len(back) >= 9

    until(all_back)
    assert qemu.released() == []
    qemu.send(3, struct.pack("<I", STOP))
    copied = finish_migration(qemu)["ram"]["normal"]
    # 15 MiB of 16 are no zeros, and 8 MiB of those were hinted.
    assert copied << 12 < 8 << 20
    assert qemu.config(HINT_COMMAND_ID) == DONE


def test_without_hints_a_migration_copies_all_of_it(running):
    qemu = running(int(Feature.STATS_VQ))
    migrate_slowly(qemu)
    assert finish_migration(qemu)["ram"]["normal"] << 12 >= 15 << 20


def test_during_a_background_snapshot_inflating_is_acknowledged_and_releases_nothing(running):
    qemu = running(int(Feature.STATS_VQ))
    snapshot = [{"capability": "background-snapshot", "state": True}]
    try:
        qemu.monitor.cmd("migrate-set-capabilities", capabilities=snapshot)
    except ExecuteError as refused:
        pytest.skip(f"no background snapshot on this kernel: {refused}")
    migrate_slowly(qemu)
    until(lambda: qemu.migration()["status"] == "active")
    assert qemu.send(Queue.INFLATE, struct.pack("<I", 0x500)) == 0
    assert qemu.migration()["status"] == "active"
    assert qemu.released() == []
    finish_migration(qemu)
    qemu.send(Queue.INFLATE, struct.pack("<I", 0x501))
    assert qemu.released() == [0x501]


def test_memory_that_is_locked_is_a_failed_release(qemu):
    try:
        device = QemuDevice(RAM_BYTES, RAM_BYTES, options=["-overcommit", "mem-lock=on"])
    except EmulatorLostError as error:
        pytest.skip(f"QEMU may not lock its memory here: {error}")
    try:
        device.set_up(int(Feature.STATS_VQ) | VERSION_1)
        memory = device.ram.window(RAM_BYTES)
        message = encode_pfns([0x500])
        memory[MESSAGE_GPA : MESSAGE_GPA + len(message)] = message
        DriverQueue(memory, queue_layout(Queue.INFLATE)).add([Buffer(MESSAGE_GPA, len(message))])
        assert b"Failed to discard range ram:500000 +1000 (-22)" in device.kick(0).log
        memory.release()
    finally:
        device.close()
