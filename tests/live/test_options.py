"""What a guest does differently when asked: zeroing on allocation, free page reporting."""

import time
from pathlib import Path

import pytest

from balloonkit.live import LiveGuest

BLOCKS_BYTES = 16 << 20
FILE_BYTES = 64 << 20


@pytest.fixture(scope="module")
def guest(assets):
    with LiveGuest("256MiB", init_on_alloc=True, reporting=True) as guest:
        yield guest


def test_pages_are_zeroed_on_allocation_only_when_asked_for(guest, booted):
    assert "heap alloc:on" in guest.run("dmesg | grep auto-init")
    assert "heap alloc:off" in booted.run("dmesg | grep auto-init")


def test_zeroing_makes_memory_resident_that_nobody_has_touched(guest, booted):
    """fallocate takes pages for a file and leaves their content alone; some were touched before."""

    def grown(one):
        before_bytes = one.resident()
        one.run(f"fallocate -l {FILE_BYTES} /age/untouched")
        return one.resident() - before_bytes

    booted.balloon(booted.memory_bytes)
    assert grown(guest) > FILE_BYTES * 0.5
    assert grown(booted) < FILE_BYTES * 0.1
    for one in (guest, booted):
        one.run("rm /age/untouched")


def test_free_page_reporting_releases_whole_blocks_by_itself(guest, booted):
    guest.age(size="100MiB", kept=0)
    resident_bytes, deadline_s = guest.resident(), time.monotonic() + 15
    while guest.resident() > resident_bytes - BLOCKS_BYTES and time.monotonic() < deadline_s:
        time.sleep(0.2)
    assert guest.resident() <= resident_bytes - BLOCKS_BYTES
    assert set(guest.reported().tolist()) <= {2 << 20, 4 << 20}
    assert guest.reported().sum() >= BLOCKS_BYTES
    assert len(booted.reported()) == 0


def test_the_guest_has_no_16_byte_compare_and_exchange_and_trusts_its_timer(booted):
    """With the one, newer kernels die under QEMU 7.2; without the other, a busy host is a panic."""
    command_line = Path(f"/proc/{booted.pid}/cmdline").read_bytes().split(b"\0")
    assert command_line[command_line.index(b"-cpu") + 1] == b"max,-cx16"
    flags = booted.run("grep -m 1 ^flags /proc/cpuinfo").split()
    assert "cx16" not in flags
    assert "cx8" in flags
    assert {"nokaslr", "no_timer_check"} <= set(booted.run("cat /proc/cmdline").split())
