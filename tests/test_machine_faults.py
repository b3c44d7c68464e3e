"""Faults at the boundary between guest and a device in a process of its own.

Whatever happens, the error is typed, each page of the guest ends up in one place, and neither
process nor descriptor nor memory is left behind.
"""

import gc
import os
import signal

import numpy as np
import pytest

from balloonkit import Machine
from balloonkit.guest import Guest
from balloonkit.host.child import DeviceLostError
from balloonkit.host.process import ProcessHost
from balloonkit.wire import CLASSIC, PROPOSED
from balloonkit.wire.queue_errors import AckTimeoutError

SIZE = "64MiB"


def owned(guest):
    stocks = [guest.percpu.stock(zone) for zone in range(len(guest.buddy.zones))]
    return set(np.concatenate((*stocks, np.flatnonzero(guest.buddy.free_mask))).tolist())


def balanced(machine, at_boot):
    held = machine.driver.held.tolist()
    assert len(held) == len(set(held))
    assert not owned(machine.guest) & set(held)
    return owned(machine.guest) | set(held) == at_boot


def left_over():
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def nothing_left_behind():
    before = left_over()
    yield
    assert left_over() == before


def at_kick(machine, number, act):
    """Do something to the device's process just before the kick of one message."""
    kicks = []

    def kick_after(queue):
        if len(kicks) == number:
            act()
        kicks.append(queue)
        machine.host.kick(queue)

    for channel in machine._channels.values():
        channel._kick = kick_after


@pytest.mark.usefixtures("nothing_left_behind")
@pytest.mark.parametrize("features", [CLASSIC, PROPOSED])
@pytest.mark.parametrize("at_message", [0, 1])
def test_a_device_killed_mid_inflate_loses_no_page_and_leaves_no_process(features, at_message):
    guest = Guest.aged(SIZE, 1)  # a checkerboard: several messages on either path
    at_boot = owned(guest)
    with ProcessHost(SIZE) as host:
        machine = Machine(guest, features, host)
        at_kick(machine, at_message, lambda: os.kill(host.pid, signal.SIGKILL))
        with pytest.raises(DeviceLostError):
            machine.inflate("16MiB")
        assert balanced(machine, at_boot)
        told = 256 if features == CLASSIC else 2047
        assert machine.driver.held_pages == (at_message + 1) * told
    assert not os.path.exists(f"/proc/{host.pid}")


@pytest.mark.usefixtures("nothing_left_behind")
def test_a_hung_device_is_an_error_then_reset_and_inflated_again():
    guest = Guest.idle(SIZE)
    at_boot = owned(guest)
    with ProcessHost(SIZE) as host:
        machine = Machine(guest, CLASSIC, host)
        machine.inflate("8MiB")
        at_kick(machine, 1, lambda: os.kill(host.pid, signal.SIGSTOP))
        send = machine._channels[0].send
        machine._channels[0].send = lambda message: send(message, timeout_s=0.2)
        with pytest.raises(AckTimeoutError, match="no ack"):
            machine.inflate("8MiB")
        os.kill(host.pid, signal.SIGCONT)
        assert balanced(machine, at_boot)
        assert machine.driver.held_pages == 2048 + 2 * 256  # one acked, one in flight
        machine.reset()
        assert machine.driver.held_pages == 0
        assert balanced(machine, at_boot)
        before, after = machine.inflate("16MiB").resident_bytes
        assert machine.driver.held_pages == 4096
        assert before - after <= 16 << 20


@pytest.mark.usefixtures("nothing_left_behind")
def test_deflated_memory_comes_back_when_touched_and_can_be_ballooned_again():
    with ProcessHost(SIZE) as host:
        machine = Machine(Guest.idle(SIZE), PROPOSED, host)
        full, low = machine.inflate("32MiB").resident_bytes
        assert full - low == pytest.approx(32 << 20, rel=0.01)
        machine.deflate("32MiB")
        assert host.resident_bytes() == low  # released memory is not back until it is touched
        assert machine.inflate("32MiB").counts.pages == 8192
