"""A host that dies, comes back, or reads what no driver would write; its guest loses nothing."""

import os
import random
import re
import signal
import threading

import numpy as np
import pytest
from child_processes import children

from balloonkit.live import DriverOptions, GuestDiedError, LiveError, LiveGuest
from balloonkit.live.doorbell import STATUS_KICK
from balloonkit.wire.channel import MESSAGE_BYTES, WINDOW_BYTES, message_address, queue_layout
from balloonkit.wire.queue import Queue

HALF_BYTES = 128 << 20
HALF_PAGES = 32768
#: The driver's patience in these tests; a loaded machine takes some of it for an ordinary ack.
PATIENCE_MS = 3000


class HostDiedError(Exception):
    """What a test lets a host die of."""


@pytest.fixture
def guest(chunked):
    """A guest whose driver makes many small messages, and soon gives a dead host up."""
    chunked.load_driver(DriverOptions(message_chunks=2, ack_timeout_ms=PATIENCE_MS))
    chunked.run("dd if=/dev/urandom of=/kept bs=1M count=2 2>/dev/null")
    kept = chunked.run("md5sum /kept")
    yield chunked
    assert chunked.run("md5sum /kept") == kept
    assert "Oops" not in chunked.run("dmesg")
    if chunked.host.failure is not None:
        revive(chunked.host)


def ballooned(guest):
    return np.flatnonzero(guest.memory().ballooned)


def die_at(host, monkeypatch, message):
    """Let the host die in the middle of a message: released, not acknowledged."""
    handle, count = host.device.handle, iter(range(1, 1000))

    def dies(queue, data):
        handled = handle(queue, data)
        if next(count) == message:
            raise HostDiedError(message)
        return handled

    monkeypatch.setattr(host.device, "handle", dies)


def revive(host):
    """Let a new host take the window over; it knows nothing of what the old one did."""
    host.stop()
    host.start()


def settle(host, pages):
    for _ in range(400):
        if host.ready and host.actual_pages == pages:
            return
        host.wait(0.05)
    raise AssertionError(f"{host.actual_pages} pages in the balloon, not {pages}")


def free_pages(guest):
    return int(re.search(r"MemFree: +(\d+)", guest.run("cat /proc/meminfo"))[1]) // 4


def test_a_host_gone_in_a_message_leaves_untold_pages_free_and_told_ones_held(guest, monkeypatch):
    free_before = free_pages(guest)
    die_at(guest.host, monkeypatch, message=3)
    with pytest.raises(LiveError, match=r"the host's thread ended: HostDiedError"):
        guest.balloon(HALF_BYTES)
    guest.run(f"sleep {PATIENCE_MS // 1000 + 1}")
    told = [message.chunks() for message in guest.host.messages()]
    assert len(told) == 3
    held = ballooned(guest)
    assert len(held) == np.concatenate(told)[:, 1].sum() < HALF_PAGES
    assert free_before - free_pages(guest) == pytest.approx(len(held), abs=500)

    monkeypatch.undo()
    revive(guest.host)  # its driver starts anew, and fills the balloon it is asked for
    settle(guest.host, HALF_PAGES)
    assert len(ballooned(guest)) == HALF_PAGES == guest.host.counters().ballooned_pages
    guest.balloon(guest.memory_bytes)
    assert len(ballooned(guest)) == 0
    assert free_pages(guest) == pytest.approx(free_before, abs=500)


def test_a_driver_can_be_unloaded_without_a_host_and_keeps_only_what_is_in_doubt(
    guest, monkeypatch
):
    die_at(guest.host, monkeypatch, message=2)
    with pytest.raises(LiveError):
        guest.balloon(HALF_BYTES)
    guest.run(f"sleep {PATIENCE_MS // 1000 + 1}")
    free_before = free_pages(guest)
    first, second = (int(message.chunks()[:, 1].sum()) for message in guest.host.messages())
    guest.run("dmesg -c > /dev/null; rmmod balloonkit_balloon", timeout_s=60)
    said = re.search(r"(\d+) pages stay out of use", guest.run("dmesg"))
    assert int(said[1]) == second
    assert free_pages(guest) - free_before == pytest.approx(first, abs=500)
    assert len(ballooned(guest)) == 0
    monkeypatch.undo()


def test_a_driver_that_finds_no_host_says_so_and_does_not_stay(guest):
    guest.host.stop()
    guest.run("rmmod balloonkit_balloon", timeout_s=60)
    guest.run("insmod /balloonkit_balloon.ko ack_timeout_ms=200")
    assert "no host answers" in guest.run("dmesg")
    guest.run("rmmod balloonkit_balloon")
    guest.host.start()


def test_hostile_windows_harm_neither_the_host_nor_the_guest(guest):
    """The guest may write anything into the window; what it says of its own RAM, it may lose.

    So rings, rooms and indices are garbage, and no garbage makes a valid chunk.
    """
    dice = random.Random(16)
    window = guest.host.doorbell.memory
    guest.balloon(HALF_BYTES)
    held = ballooned(guest)
    for _ in range(50):
        for queue in (Queue.INFLATE, Queue.DEFLATE):
            layout = queue_layout(queue)
            room = message_address(queue)
            window[room : room + 64] = dice.randbytes(64)
            for _ in range(dice.randrange(1, 30)):
                place = dice.randrange(layout.base, layout.end)
                window[place] = dice.choice((0, 1, 2, 4, 255, dice.randrange(256)))
            # Addresses inside the window, as often as not: a chain that can be read.
            if dice.random() < 0.5:
                address = dice.randrange(WINDOW_BYTES)
                window[layout.base : layout.base + 8] = address.to_bytes(8, "little")
                length = dice.choice((0, 7, 8, 24, MESSAGE_BYTES, 1 << 31))
                window[layout.base + 8 : layout.base + 12] = length.to_bytes(4, "little")
            guest.host.doorbell.kick(queue)
        guest.host.doorbell.kick(STATUS_KICK)
        guest.host.wait(0.02)
    assert guest.host.failure is None
    assert (ballooned(guest) == held).all()
    revive(guest.host)
    settle(guest.host, HALF_PAGES)
    assert len(ballooned(guest)) == HALF_PAGES == guest.host.counters().ballooned_pages
    assert len(guest.balloon(guest.memory_bytes).pfns) == HALF_PAGES


def test_two_guests_keep_apart_and_a_killed_one_leaves_nothing(chunked):
    chunked.balloon(HALF_BYTES)
    held = ballooned(chunked)
    descriptors, threads = set(os.listdir("/proc/self/fd")), threading.active_count()
    before = children()
    with LiveGuest("128MiB", driver="chunks") as other:
        other.balloon("112MiB")
        assert len(ballooned(other)) == 4096
        os.kill(other.pid, signal.SIGKILL)
        with pytest.raises(GuestDiedError, match="signal 9"):
            other.balloon(other.memory_bytes)
    for use in (other.actual, other.memory, other.resident, other.reported, other.stats):
        with pytest.raises(GuestDiedError, match=r"this guest .* was closed"):
            use()
    assert set(os.listdir("/proc/self/fd")) == descriptors
    assert threading.active_count() == threads
    assert children() == before
    assert (ballooned(chunked) == held).all()
    assert len(chunked.balloon(chunked.memory_bytes).pfns) == HALF_PAGES
