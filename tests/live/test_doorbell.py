"""What QEMU's ivshmem device is told before it starts, read as it reads it."""

import mmap
import os
import socket
import struct

import pytest

from balloonkit.live.doorbell import Doorbell, Interrupt
from balloonkit.wire.channel import WINDOW_BYTES


def received(end):
    """Receive one message: its number, and its descriptor or None."""
    data, fds, _, _ = socket.recv_fds(end, 8, 1)
    return struct.unpack("<q", data)[0], fds[0] if fds else None


@pytest.fixture
def doorbell():
    with Doorbell() as made:
        yield made


def test_the_messages_are_version_identity_window_and_the_vectors_of_both_peers(doorbell):
    messages = [received(doorbell.qemu_end) for _ in range(9)]
    try:
        assert [number for number, _ in messages] == [0, 1, -1, 0, 0, 0, 0, 1, 1]
        assert [fd is not None for _, fd in messages] == [False, False, *[True] * 7]
        window = messages[2][1]
        assert os.fstat(window).st_size == 1 << 17 >= WINDOW_BYTES
        with mmap.mmap(window, WINDOW_BYTES) as theirs:
            theirs[4711] = 42
        assert doorbell.memory[4711] == 42
        for vector in range(4):  # rung by the guest, heard here
            os.eventfd_write(messages[3 + vector][1], 1)
            assert os.eventfd_read(doorbell.kicks[vector]) == 1
        for vector, interrupt in enumerate(Interrupt):  # raised here, heard by the guest
            doorbell.interrupt(interrupt)
            assert os.eventfd_read(messages[7 + vector][1]) == 1
    finally:
        for _, fd in messages:
            if fd is not None:
                os.close(fd)


def test_nothing_stays_open(doorbell):
    before = set(os.listdir("/proc/self/fd"))
    Doorbell().close()
    assert set(os.listdir("/proc/self/fd")) == before
