"""The device behind its rings: every buffer comes back, whatever the driver wrote."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.host.counters import Reason
from balloonkit.host.model import ModelHost
from balloonkit.wire import CLASSIC, PROPOSED, encode_chunks, encode_pfns
from balloonkit.wire.channel import (
    QUEUE_SIZE,
    WINDOW_BYTES,
    Channel,
    message_address,
    queue_layout,
)
from balloonkit.wire.queue import Queue
from balloonkit.wire.queue_errors import NeedsResetError
from balloonkit.wire.virtqueue import Buffer, DriverQueue

RING = queue_layout(Queue.INFLATE)
ROOM = message_address(Queue.INFLATE)


@pytest.fixture
def host():
    made = ModelHost("1MiB")
    made.negotiate(PROPOSED)
    return made


def inflate_channel(host, **options):
    return Channel(host.memory, Queue.INFLATE, host.kick, host.wait, **options)


def returned_heads(host):
    """Heads on the used ring so far, oldest first."""
    count = struct.unpack_from("<H", host.memory, RING.used + 2)[0]
    place = RING.used + 4
    return [struct.unpack_from("<I", host.memory, place + 8 * i)[0] for i in range(count)]


@pytest.mark.parametrize("indirect", [False, True])
def test_messages_go_through_the_ring_and_are_done(host, indirect):
    channel = inflate_channel(host, indirect=indirect)
    for page in range(200):
        channel.send(encode_chunks([(page, 1)]))
    books = host.counters()
    assert (books.messages, books.pages, books.bytes) == (200, 200, 200 * 24)
    assert host.resident_bytes() == 56 * 4096


def test_a_message_in_pieces_is_one_message(host):
    message = encode_chunks([(0, 3), (9, 2)])
    host.memory[ROOM : ROOM + len(message)] = message
    driver = DriverQueue(host.memory, RING)
    driver.add([Buffer(ROOM, 5), Buffer(ROOM + 5, 20), Buffer(ROOM + 25, len(message) - 25)])
    host.kick(Queue.INFLATE)
    assert host.wait(Queue.INFLATE, 0)
    assert host.counters().pages == 5


def test_a_batch_behind_one_kick_is_served_whole_with_one_ack(host):
    message = encode_chunks([(0, 3)])
    host.memory[ROOM : ROOM + len(message)] = message
    driver = DriverQueue(host.memory, RING)
    heads = [driver.add([Buffer(ROOM, len(message))]) for _ in range(10)]
    host.kick(Queue.INFLATE)
    assert returned_heads(host) == heads
    assert host.wait(Queue.INFLATE, 0)
    assert not host.wait(Queue.INFLATE, 0)


def test_a_driver_that_wants_silence_is_not_acked(host):
    driver = DriverQueue(host.memory, RING)
    driver.suppress_acks(True)
    head = driver.add([Buffer(ROOM, 8)])
    host.kick(Queue.INFLATE)
    assert not host.wait(Queue.INFLATE, 0)
    assert driver.take_used() == head


def test_a_device_writable_buffer_is_returned_unread(host):
    message = encode_chunks([(0, 3)])
    host.memory[ROOM : ROOM + len(message)] = message
    driver = DriverQueue(host.memory, RING)
    head = driver.add([Buffer(ROOM, len(message)), Buffer(ROOM, 1, writable=True)])
    host.kick(Queue.INFLATE)
    assert driver.take_used() == head
    assert host.counters().rejected == {Reason.DEVICE_WRITABLE: 1}
    assert host.counters().pages == 0


def test_a_chain_longer_than_any_message_is_returned_unread(host):
    driver = DriverQueue(host.memory, RING)
    head = driver.add([Buffer(0, WINDOW_BYTES)] * QUEUE_SIZE)
    host.kick(Queue.INFLATE)
    assert driver.take_used() == head
    assert host.counters().rejected == {Reason.TOO_MANY_ENTRIES: 1}


def test_a_malformed_chain_is_returned_and_the_next_one_done(host):
    driver = DriverQueue(host.memory, RING)
    message = encode_chunks([(0, 3)])
    host.memory[ROOM : ROOM + len(message)] = message
    heads = [driver.add([Buffer(WINDOW_BYTES, 1)]), driver.add([Buffer(ROOM, len(message))])]
    host.kick(Queue.INFLATE)
    assert [driver.take_used(), driver.take_used()] == heads
    assert host.counters().rejected == {Reason.BAD_CHAIN: 1}
    assert host.counters().pages == 3


def test_a_broken_ring_asks_for_a_reset_and_works_after_it(host):
    channel = inflate_channel(host)
    struct.pack_into("<H", host.memory, RING.avail + 4, QUEUE_SIZE)  # the first head, to come
    struct.pack_into("<H", host.memory, RING.avail + 2, 1)
    host.kick(Queue.INFLATE)
    with pytest.raises(NeedsResetError):
        channel.send(encode_chunks([(0, 3)]))
    with pytest.raises(NeedsResetError):
        Channel(host.memory, Queue.DEFLATE, host.kick, host.wait).send(encode_chunks([(0, 3)]))
    host.reset()
    host.negotiate(CLASSIC)
    inflate_channel(host).send(encode_pfns([7]))
    assert host.counters().pages == 1


STATS = queue_layout(Queue.STATS)


def stats_driver(host):
    """A driver of the statistics queue, and a way to offer a buffer of one entry."""
    driver = DriverQueue(host.memory, STATS)
    room = message_address(Queue.STATS)
    return driver, lambda: driver.add([Buffer(room, 10)])


def test_statistics_stay_with_the_device_until_it_asks_for_new_ones(host):
    driver, offer = stats_driver(host)
    for _ in range(3):
        head = offer()
        host.kick(Queue.STATS)
        assert driver.take_used() is None
        assert not host.wait(Queue.STATS, 0)
        host.request_stats()
        assert host.wait(Queue.STATS, 0)
        assert driver.take_used() == head
    assert host.counters().messages == 3


def test_a_request_that_was_not_answered_is_not_made_again(host):
    driver, offer = stats_driver(host)
    host.request_stats()
    assert driver.take_used() is None
    offer()
    host.kick(Queue.STATS)
    host.request_stats()
    host.request_stats()
    assert driver.take_used() is not None
    assert driver.take_used() is None


def test_of_two_statistics_buffers_the_first_goes_back(host):
    driver, offer = stats_driver(host)
    heads = [offer(), offer()]
    host.kick(Queue.STATS)
    assert driver.take_used() == heads[0]
    assert driver.take_used() is None


def test_a_malformed_statistics_buffer_goes_back_at_once(host):
    driver, _ = stats_driver(host)
    head = driver.add([Buffer(WINDOW_BYTES, 1)])
    host.kick(Queue.STATS)
    assert driver.take_used() == head


def test_a_reset_forgets_the_statistics_buffer(host):
    _, offer = stats_driver(host)
    offer()
    host.kick(Queue.STATS)
    host.reset()
    host.request_stats()
    assert stats_driver(host)[0].take_used() is None


@given(
    st.binary(min_size=64, max_size=64),
    st.lists(st.integers(0, 3) | st.integers(0, 0xFFFF), min_size=4, max_size=4),
    st.integers(0, 4) | st.integers(0, 0xFFFF),
    st.binary(max_size=48),
)
def test_whatever_the_ring_holds_nothing_is_raised_and_every_chain_returns(
    descriptors, heads, index, message
):
    host = ModelHost("1MiB")
    host.negotiate(PROPOSED)
    host.memory[RING.base : RING.base + 64] = descriptors
    struct.pack_into("<4H", host.memory, RING.avail + 4, *heads)
    struct.pack_into("<H", host.memory, RING.avail + 2, index)
    host.memory[ROOM : ROOM + len(message)] = message
    host.kick(Queue.INFLATE)
    served = []
    if index <= QUEUE_SIZE:
        for head in [*heads, *[0] * QUEUE_SIZE][:index]:
            if head >= QUEUE_SIZE:
                break
            served.append(head)
    assert returned_heads(host) == served
    assert host.counters().messages == len(served)
