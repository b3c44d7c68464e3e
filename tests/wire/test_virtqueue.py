"""The split ring: both halves over one memory, and a driver that writes what it likes."""

import struct
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.wire.queue_errors import (
    AvailIndexError,
    ChainError,
    DescriptorIndexError,
    DescriptorLoopError,
    HeadIndexError,
    IndirectError,
    QueueFullError,
    RingError,
    UsedRingError,
    WindowRangeError,
)
from balloonkit.wire.ring import INDIRECT, NEXT, WRITE, RingLayout
from balloonkit.wire.virtqueue import Buffer, DeviceQueue, DriverQueue

SIZE = 8
LAYOUT = RingLayout(base=0, size=SIZE)
TABLE = 1024  # room for an indirect table
WINDOW_BYTES = 4096


class Pair:
    """Both halves over one fresh window."""

    def __init__(self):
        self.memory = memoryview(bytearray(WINDOW_BYTES))
        self.driver = DriverQueue(self.memory, LAYOUT)
        self.device = DeviceQueue(self.memory, LAYOUT)

    def describe(self, slot, address, length_bytes, flags=0, following=0, table=LAYOUT.base):
        struct.pack_into(
            "<QIHH", self.memory, table + 16 * slot, address, length_bytes, flags, following
        )

    def make_available(self, *heads, index=None):
        for i, head in enumerate(heads):
            struct.pack_into("<H", self.memory, LAYOUT.avail + 4 + 2 * i, head)
        count = len(heads) if index is None else index
        struct.pack_into("<H", self.memory, LAYOUT.avail + 2, count)


@pytest.fixture
def pair():
    return Pair()


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


def test_an_avail_index_beyond_the_ring_is_a_device_error(pair):
    pair.make_available(0, index=SIZE + 1)
    with pytest.raises(AvailIndexError, match="avail idx 9 is 9 past 0"):
        pair.device.pop()


def test_a_head_outside_the_table_is_a_device_error(pair):
    pair.make_available(SIZE)
    with pytest.raises(HeadIndexError, match="head 8"):
        pair.device.pop()


def test_a_chain_that_goes_round_in_circles_ends(pair):
    pair.describe(0, 2048, 1, NEXT, 1)
    pair.describe(1, 2048, 1, NEXT, 0)
    pair.make_available(0)
    with pytest.raises(DescriptorLoopError, match="longer than the queue's 8 descriptors"):
        pair.device.pop()


def test_a_next_outside_the_table_costs_the_chain(pair):
    pair.describe(0, 2048, 1, NEXT, SIZE)
    pair.make_available(0)
    with pytest.raises(DescriptorIndexError, match="followed by 8 of 8"):
        pair.device.pop()


@pytest.mark.parametrize(
    ("address", "length_bytes"),
    [(WINDOW_BYTES, 1), (WINDOW_BYTES - 1, 2), (0, WINDOW_BYTES + 1), (2**64 - 1, 2)],
)
def test_a_buffer_that_leaves_the_window_costs_the_chain(pair, address, length_bytes):
    pair.describe(0, address, length_bytes)
    pair.make_available(0)
    with pytest.raises(WindowRangeError, match="leave the window"):
        pair.device.pop()


@pytest.mark.parametrize("length_bytes", [0, 15, 17])
def test_an_indirect_table_of_impossible_length_costs_the_chain(pair, length_bytes):
    pair.describe(0, TABLE, length_bytes, INDIRECT)
    pair.make_available(0)
    with pytest.raises(IndirectError, match=f"table of {length_bytes} bytes"):
        pair.device.pop()


def test_a_table_larger_than_the_queue_may_hold_a_chain_that_is_not(pair):
    pair.describe(0, TABLE, 16 * (SIZE + 1), INDIRECT)
    pair.describe(0, 3000, 2, NEXT, SIZE, table=TABLE)
    pair.describe(SIZE, 3002, 3, table=TABLE)
    pair.make_available(0)
    assert pair.device.pop() == (0, [Buffer(3000, 2), Buffer(3002, 3)])


def test_a_chain_longer_than_the_queue_costs_the_chain_in_a_table_too(pair):
    pair.describe(0, TABLE, 16 * (SIZE + 1), INDIRECT)
    for slot in range(SIZE + 1):
        pair.describe(slot, 3000, 1, NEXT if slot < SIZE else 0, slot + 1, table=TABLE)
    pair.make_available(0)
    with pytest.raises(DescriptorLoopError, match="longer than the queue's 8 descriptors"):
        pair.device.pop()


def test_an_indirect_table_outside_the_window_costs_the_chain(pair):
    pair.describe(0, WINDOW_BYTES, 16, INDIRECT)
    pair.make_available(0)
    with pytest.raises(WindowRangeError):
        pair.device.pop()


@pytest.mark.parametrize("direct", [1, 2, SIZE - 2])
def test_direct_descriptors_may_lead_to_one_indirect_table(pair, direct):
    """VIRTIO 1.2 section 2.7.5.3.2: the device MUST handle it."""
    for slot in range(direct):
        pair.describe(slot, 2048 + slot, 1, NEXT, slot + 1)
    pair.describe(direct, TABLE, 32, INDIRECT)
    pair.describe(0, 3000, 2, NEXT, 1, table=TABLE)
    pair.describe(1, 3002, 3, WRITE, table=TABLE)
    pair.make_available(0)
    direct_buffers = [Buffer(2048 + slot, 1) for slot in range(direct)]
    table_buffers = [Buffer(3000, 2), Buffer(3002, 3, writable=True)]
    assert pair.device.pop() == (0, direct_buffers + table_buffers)


def test_a_chain_with_its_table_is_no_longer_than_the_queue(pair):
    for slot in range(SIZE - 1):
        pair.describe(slot, 2048 + slot, 1, NEXT, slot + 1)
    pair.describe(SIZE - 1, TABLE, 32, INDIRECT)
    pair.describe(0, 3000, 2, NEXT, 1, table=TABLE)
    pair.describe(1, 3002, 3, table=TABLE)
    pair.make_available(0)
    with pytest.raises(DescriptorLoopError, match="longer than the queue's 8 descriptors"):
        pair.device.pop()


def test_an_indirect_table_after_direct_descriptors_is_checked_like_any(pair):
    pair.describe(0, 2048, 1, NEXT, 1)
    pair.describe(1, WINDOW_BYTES, 16, INDIRECT)
    pair.make_available(0)
    with pytest.raises(WindowRangeError):
        pair.device.pop()


def test_an_indirect_table_that_goes_on_costs_the_chain(pair):
    pair.describe(0, TABLE, 16, INDIRECT | NEXT, 1)
    pair.make_available(0)
    with pytest.raises(IndirectError, match="flags 0x5"):
        pair.device.pop()


def test_an_indirect_table_inside_another_costs_the_chain(pair):
    pair.describe(0, TABLE, 16, INDIRECT)
    pair.describe(0, TABLE, 16, INDIRECT, table=TABLE)
    pair.make_available(0)
    with pytest.raises(IndirectError, match="inside an indirect table"):
        pair.device.pop()


def test_the_chain_after_a_bad_one_is_served(pair):
    pair.describe(0, WINDOW_BYTES, 1)
    pair.describe(1, 2048, 5, WRITE)
    pair.make_available(0, 1)
    with pytest.raises(WindowRangeError) as caught:
        pair.device.pop()
    assert caught.value.head == 0
    assert pair.device.pop() == (1, [Buffer(2048, 5, writable=True)])


NUMBERS = st.integers(0, 12) | st.integers(0, 0xFFFF)
DESCRIPTORS = st.tuples(
    st.integers(0, WINDOW_BYTES + 10) | st.integers(0, 2**64 - 1),
    st.sampled_from([0, 16, 32, 128]) | st.integers(0, 2**32 - 1),
    st.integers(0, 7) | st.integers(0, 0xFFFF),
    NUMBERS,
)


@given(
    st.lists(DESCRIPTORS, min_size=SIZE, max_size=SIZE),
    st.lists(DESCRIPTORS, max_size=SIZE),
    st.lists(NUMBERS, min_size=SIZE, max_size=SIZE),
    NUMBERS,
)
def test_whatever_the_ring_holds_the_device_stays_in_the_window(table, indirect, heads, index):
    """Each pop gives a chain inside the window, a typed error, or nothing; it never goes on."""
    pair = Pair()
    for slot, descriptor in enumerate(table):
        pair.describe(slot, *descriptor)
    for slot, descriptor in enumerate(indirect):
        pair.describe(slot, *descriptor, table=TABLE)
    pair.make_available(*heads, index=index)
    returned = []
    for _ in range(SIZE + 1):
        try:
            chain = pair.device.pop()
        except ChainError as error:
            returned.append(error.head)
            continue
        except RingError:
            break
        if chain is None:
            break
        assert all(b.address + b.length_bytes <= WINDOW_BYTES for b in chain.buffers)
        assert len(pair.device.read(chain)) == sum(b.length_bytes for b in chain.buffers)
        returned.append(chain.head)
    assert len(returned) <= SIZE
    assert all(head < SIZE for head in returned)
