"""The set-up of the device is checked, since QEMU serves a queue that was set up wrongly."""

import pytest

from balloonkit.host.qemu.device import QemuDevice
from balloonkit.host.qemu.pci import VirtioPci
from balloonkit.host.qemu.qtest import QtestError
from balloonkit.wire.ring import RingLayout


@pytest.fixture(scope="module")
def device(qemu):
    made = QemuDevice(16 << 20, 16 << 20)
    yield made
    made.close()


@pytest.fixture
def balloon(device):
    return VirtioPci(device.qtest, 4, 0xFE000000)


def test_the_default_device_offers_the_bits_of_7_2(balloon):
    bits = [bit for bit in range(64) if balloon.offered() >> bit & 1]
    # STATS_VQ, PAGE_POISON, INDIRECT_DESC, EVENT_IDX, VERSION_1, RING_RESET; never MUST_TELL_HOST
    assert {1, 4, 28, 29, 32} <= set(bits)
    assert 0 not in bits


def test_an_empty_slot_has_no_balloon(device):
    with pytest.raises(QtestError, match=r"PCI slot 9: 0xffffffff is no balloon"):
        VirtioPci(device.qtest, 9, 0xFD000000)


def test_a_queue_larger_than_the_devices_is_refused(balloon):
    with pytest.raises(QtestError, match="queue 0 takes 128 descriptors, not 256"):
        balloon.set_up(1 << 32, [RingLayout(0, 256)])


def test_an_inflate_queue_alone_is_set_up_and_running(balloon):
    balloon.set_up(1 << 32, [RingLayout(4096, 128)])
    assert balloon.status == 15
    balloon.reset()
    assert balloon.status == 0
