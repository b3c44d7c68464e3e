"""The split ring: both halves over one memory, every chain there and back."""

import struct
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from queue_pair import LAYOUT, SIZE, TABLE, Pair, make_pair

from balloonkit.wire.queue_errors import (
    QueueFullError,
    UsedRingError,
)
from balloonkit.wire.ring import RingLayout
from balloonkit.wire.virtqueue import Buffer


@pytest.fixture
def pair():
    return make_pair()


def test_parts_lie_where_virtio_puts_them():
    # VIRTIO 1.2 section 2.7: 16 * 128, 6 + 2 * 128 and 6 + 8 * 128 bytes with both event words,
    # which are not here; the used ring is aligned to 4.
    assert (LAYOUT.avail, LAYOUT.used, LAYOUT.end) == (128, 148, 216)
    big = RingLayout(base=4096, size=128)
    assert (big.avail, big.used, big.end) == (4096 + 2048, 4096 + 2308, 4096 + 3336)


@pytest.mark.parametrize("size", [0, 3, 65536])
def test_a_size_no_queue_may_have_is_refused(size):
    with pytest.raises(ValueError, match=f"queue of {size}"):
        RingLayout(0, size)


def test_driver_writes_descriptor_head_and_index_as_the_spec_lays_them_out(pair):
    pair.driver.add([Buffer(0x400, 24), Buffer(0x800, 8, writable=True)])
    assert bytes(pair.memory[:32]).hex(" ", 2) == (
        "0004 0000 0000 0000 1800 0000 0100 0100 "  # 0x400, 24 bytes, NEXT, 1
        "0008 0000 0000 0000 0800 0000 0200 0000"  # 0x800, 8 bytes, WRITE
    )
    assert bytes(pair.memory[LAYOUT.avail : LAYOUT.avail + 6]).hex() == "000001000000"


@given(
    st.lists(st.tuples(st.integers(1, SIZE), st.booleans(), st.booleans()), max_size=60),
    st.integers(0, 0xFFFF),
)
def test_every_chain_arrives_in_order_and_returns_across_the_wrap_of_the_index(steps, start):
    pair = Pair()
    # Both halves as they are after `start` chains, close to the 16-bit wrap for some.
    for half in (pair.driver, pair.device):
        half._next_avail = half._next_used = start
    struct.pack_into("<H", pair.memory, LAYOUT.avail + 2, start)
    struct.pack_into("<H", pair.memory, LAYOUT.used + 2, start)
    sent = deque()
    for length, indirect, return_one in steps:
        buffers = [Buffer(2048 + i, 10 * i, writable=i == 3) for i in range(length)]
        if indirect and any(place is not None for _, _, place in sent):
            indirect = False  # one table's worth of room
        table = TABLE if indirect else None
        try:
            sent.append((pair.driver.add(buffers, table), buffers, table))
        except QueueFullError:
            return_one = True
        if return_one and sent:
            head, expected, _ = sent.popleft()
            assert pair.device.pop() == (head, expected)
            pair.device.push(head)
            assert pair.driver.take_used() == head
            assert pair.driver.take_used() is None
    while sent:
        head, expected, _ = sent.popleft()
        assert pair.device.pop() == (head, expected)
    assert pair.device.pop() is None
    assert not pair.device.pending()


def test_buffers_of_a_chain_are_read_in_order(pair):
    pair.memory[2048:2051] = b"abc"
    pair.memory[3000:3002] = b"de"
    pair.driver.add([Buffer(2048, 3), Buffer(3000, 2)])
    assert pair.device.read(pair.device.pop()) == b"abcde"


def test_a_full_queue_takes_nothing_until_a_buffer_is_back(pair):
    for _ in range(SIZE):
        pair.driver.add([Buffer(2048, 1)])
    with pytest.raises(QueueFullError, match="0 are free"):
        pair.driver.add([Buffer(2048, 1)])
    pair.device.push(pair.device.pop().head)
    pair.driver.take_used()
    pair.driver.add([Buffer(2048, 1)])


def test_an_indirect_chain_takes_one_descriptor_of_the_ring(pair):
    for _ in range(SIZE):
        pair.driver.add([Buffer(2048 + i, 1) for i in range(SIZE)], indirect_at=TABLE)
    assert len(pair.device.pop().buffers) == SIZE


def test_each_side_can_ask_the_other_for_silence(pair):
    assert pair.driver.kick_wanted()
    assert pair.device.ack_wanted()
    pair.device.suppress_kicks(True)
    pair.driver.suppress_acks(True)
    assert not pair.driver.kick_wanted()
    assert not pair.device.ack_wanted()
    pair.device.suppress_kicks(False)
    pair.driver.suppress_acks(False)
    assert pair.driver.kick_wanted()
    assert pair.device.ack_wanted()


def test_driver_refuses_a_buffer_it_did_not_hand_out(pair):
    pair.device.push(3)
    with pytest.raises(UsedRingError, match="descriptor 3 came back"):
        pair.driver.take_used()
