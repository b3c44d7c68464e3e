"""A ring that cannot be trusted, and chains that cost no more than themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from queue_pair import SIZE, TABLE, WINDOW_BYTES, Pair, make_pair

from balloonkit.wire.queue_errors import (
    AvailIndexError,
    ChainError,
    DescriptorIndexError,
    DescriptorLoopError,
    HeadIndexError,
    IndirectError,
    RingError,
    WindowRangeError,
)
from balloonkit.wire.ring import INDIRECT, NEXT, WRITE
from balloonkit.wire.virtqueue import Buffer


@pytest.fixture
def pair():
    return make_pair()


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
