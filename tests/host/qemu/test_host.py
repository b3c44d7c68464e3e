"""QEMU's own balloon as the host of a machine, and what is left of it afterwards: nothing."""

import gc
import os
import select
import signal
import subprocess
import sys

import numpy as np
import pytest
from child_processes import children

from balloonkit import Machine
from balloonkit.guest import Guest
from balloonkit.host.counters import Reason
from balloonkit.host.qemu import EmulatorLostError, NoEmulatorError, QemuHost, WindowGivenError
from balloonkit.wire import CLASSIC, PROPOSED, Feature, encode_pfns
from balloonkit.wire.channel import Channel
from balloonkit.wire.queue import Queue
from balloonkit.wire.queue_errors import NeedsResetError

CHILD = """
from balloonkit.host.qemu import QemuHost
host = QemuHost("16MiB")
print(host.device.pid, flush=True)
{then}
"""


def inflate_channel(host):
    host.negotiate(CLASSIC)
    return Channel(host.memory, Queue.INFLATE, host.kick, host.wait)


def test_a_machine_inflates_and_deflates_against_qemu(host):
    with Machine(Guest.aged("64MiB", fragmentation=0.3, seed=2), host=host) as machine:
        assert machine.features == Feature.STATS_VQ  # QEMU never offers MUST_TELL_HOST
        report = machine.inflate("30MiB")
        held = np.sort(machine.driver.held)
        assert len(held) == report.counts.pages == report.counts.releases == 7680
        assert report.resident_bytes == (64 << 20, 34 << 20)
        assert np.array_equal(host.device.released_pfns(), held)
        assert machine.deflate("8MiB").counts.pages == 2048
        books = host.counters()
        assert (books.messages, books.bytes) == (38, 4 * 9728)
        assert (books.pages, books.ballooned_pages) == (9728, 5632)
        assert books.unchanged_pages == 0


def test_a_guest_that_gives_its_rings_away_is_stopped(host):
    with Machine(Guest.idle("64MiB"), host=host) as machine:
        with pytest.raises(
            WindowGivenError, match=r"released PFN 0x\d+, but pages below 0x1f hold"
        ):
            machine.inflate("63MiB")
        machine.reset()
        assert machine.inflate("8MiB").counts.releases == 2048


def test_the_same_guest_frees_the_same_pages_on_both_hosts(host):
    guest = Guest.aged("64MiB", fragmentation=0.3, seed=5)
    with Machine(guest.copy(), CLASSIC) as ours, Machine(guest, CLASSIC, host) as theirs:
        counts = [machine.inflate("30MiB").counts for machine in (ours, theirs)]
        assert counts[0] == counts[1]
        resident = ours.host.device.backend.resident
        assert np.array_equal(np.flatnonzero(~resident), host.device.released_pfns())


def test_after_a_reset_the_guest_starts_over(host):
    with Machine(Guest.idle("64MiB"), host=host) as machine:
        machine.inflate("8MiB")
        machine.reset()
        assert len(machine.driver.held) == 0
        assert machine.inflate("8MiB").counts.releases == 2048


def test_only_the_named_pages_lose_their_content(host):
    pages = np.frombuffer(host.device.ram.window(64 << 20), np.uint64)[::512]
    pages[512:] = np.arange(512, 16384) + 1
    told = np.arange(600, 16000, 61)
    inflate_channel(host).send(encode_pfns(told[:256]))
    assert np.array_equal(host.device.released_pfns(), told[:256])
    kept = np.setdiff1d(np.arange(512, 16384), told[:256])
    assert np.array_equal(pages[kept], kept + 1)
    assert not pages[told[:256]].any()


def test_looking_for_released_pages_does_not_bring_them_back(host):
    inflate_channel(host).send(encode_pfns([0x300]))
    assert host.device.released_pfns().tolist() == [0x300]
    assert host.device.released_pfns().tolist() == [0x300]
    assert host.resident_bytes() == (64 << 20) - 4096


def test_what_qemu_refuses_is_counted(host):
    inflate_channel(host).send(encode_pfns([0x80000, 0x4000, 0x300]))
    books = host.counters()
    assert books.rejected == {Reason.OUTSIDE_RAM: 2}
    assert [r.detail for r in books.last_rejections] == ["PFN 0x80000", "PFN 0x4000"]
    assert books.pages == 1


def test_a_broken_device_says_so_and_a_reset_mends_it(host):
    channel = inflate_channel(host)
    with pytest.raises(NeedsResetError):
        channel.send(b"")  # QEMU allows no empty buffer
    host.reset()
    inflate_channel(host).send(encode_pfns([0x300]))
    assert host.device.released_pfns().tolist() == [0x300]


def test_indirect_messages_are_negotiated(host):
    host.negotiate(PROPOSED)
    channel = Channel(host.memory, Queue.INFLATE, host.kick, host.wait, indirect=True)
    channel.send(encode_pfns([0x300, 0x301]))
    assert host.device.released_pfns().tolist() == [0x300, 0x301]


def test_no_qemu_is_said_with_what_to_do():
    with pytest.raises(NoEmulatorError, match="apt-get install qemu-system-x86"):
        QemuHost("16MiB", qemu="/nowhere/qemu")
    with pytest.raises(NoEmulatorError, match="is no answer of QEMU's"):
        QemuHost("16MiB", qemu="true")


def test_a_killed_qemu_is_named_with_its_signal(host):
    channel = inflate_channel(host)
    os.kill(host.device.pid, signal.SIGKILL)
    with pytest.raises(EmulatorLostError, match="ended by signal 9"):
        channel.send(encode_pfns([0x300]))


def test_what_qemu_cannot_start_with_is_said_in_its_words():
    from balloonkit.host.qemu.device import QemuDevice

    before = children()
    with pytest.raises(EmulatorLostError, match="no-such-option"):
        QemuDevice(16 << 20, 16 << 20, options=["-no-such-option"])
    assert children() == before


def test_closing_leaves_no_process_and_no_descriptor(qemu):
    gc.collect()  # a mapping keeps its file open until nobody looks at it
    descriptors, before = set(os.listdir("/proc/self/fd")), children()
    with QemuHost("16MiB"):
        assert len(children()) == len(before) + 1
    gc.collect()
    assert set(os.listdir("/proc/self/fd")) == descriptors
    assert children() == before


@pytest.mark.parametrize(
    "then", ["import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "1 / 0"]
)
def test_qemu_ends_with_its_parent_however_that_ends(qemu, then):
    child = subprocess.run(
        [sys.executable, "-c", CHILD.format(then=then)], capture_output=True, text=True
    )
    assert child.returncode
    try:
        pidfd = os.pidfd_open(int(child.stdout))
    except ProcessLookupError:
        return
    assert select.select([pidfd], [], [], 30)[0], "QEMU still runs"
    os.close(pidfd)
