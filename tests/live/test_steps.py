"""Steps of a running kernel's balloon say what its messages said, and end where the guest ends."""

import numpy as np
import pytest

from balloonkit.events import Acked, Heard, Named, Popped, Refused, Returned, Sent, Translated
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.host import BalloonDevice, GuestRam, ModelRelease
from balloonkit.host.service import QueueService
from balloonkit.live import DriverOptions, RefusedError
from balloonkit.live.steps import _Ear, step_kernel
from balloonkit.trace import COUNTERS, state_at, states
from balloonkit.wire import PROPOSED, encode_chunks
from balloonkit.wire.channel import WINDOW_BYTES, message_address, queue_layout
from balloonkit.wire.queue import Queue
from balloonkit.wire.virtqueue import Buffer, DriverQueue

MESSAGE_CHUNKS = 31
HALF_BYTES = 128 << 20


@pytest.fixture(scope="module")
def stepped(with_driver):
    """An aged guest that was ballooned and half deflated while someone noted its steps."""
    guest = with_driver
    guest.run("rm -rf /age/* /kept")
    guest.load_driver(DriverOptions(message_chunks=MESSAGE_CHUNKS))
    guest.age(seed=3, size="48MiB")
    stepper = step_kernel(guest)
    moves = [guest.balloon(HALF_BYTES), guest.balloon(3 * HALF_BYTES // 2)]
    trace = stepper.trace()
    held = np.flatnonzero(guest.memory().ballooned)
    guest.balloon(guest.memory_bytes)
    return trace, moves, held


def test_the_last_step_has_the_pages_the_kernel_flags_as_ballooned(stepped):
    trace, _, held = stepped
    last = state_at(trace, len(trace.steps) - 1)
    assert np.array_equal(np.flatnonzero(last.pages == PAGE_STATES["in balloon"]), held)


def test_the_last_steps_counters_are_those_of_both_movements(stepped):
    trace, moves, _ = stepped
    counted = dict(zip(COUNTERS, trace.steps[-1].counters, strict=True))
    sums = {
        name: sum(getattr(move, name) for move in moves)
        for name in ("messages", "entries", "bytes")
    }
    assert {name: counted[name] for name in sums} == sums
    assert counted["pages"] == sum(len(move.pfns) for move in moves)
    assert counted["releases"] == moves[0].madvise_calls
    assert counted["released_pages"] == len(moves[0].pfns)
    assert counted["allocations"] == counted["refused_pages"] == 0


def test_what_nobody_counted_is_not_shown_as_none(stepped):
    plain = stepped[0].as_dict()
    assert "allocations" not in plain["counters"]
    assert {len(step["counters"]) for step in plain["steps"]} == {len(COUNTERS) - 1}


def test_pages_are_free_again_when_their_message_is_acknowledged_and_no_step_before(stepped):
    trace, _, _ = stepped
    in_balloon = [int((state.pages == PAGE_STATES["in balloon"]).sum()) for state in states(trace)]
    for step, before, after in zip(trace.steps, in_balloon, in_balloon[1:], strict=False):
        assert after >= before or step.kind in ("ack", "messages")
    assert max(in_balloon) == HALF_BYTES // 4096


def test_it_is_said_whose_run_it_is_and_that_its_allocator_is_not_seen(stepped):
    trace, _, _ = stepped
    assert trace.setup["title"].startswith(
        "Inflate 32,768 pages, then deflate 16,384 pages of Linux"
    )
    assert "seen from its device" in trace.setup["title"]
    why = " ".join(step.why for step in trace.steps)
    assert "not counted here" in why
    assert "MADV_DONTNEED" not in why
    assert not any(state.lists[0][0] or state.stock[0] for state in states(trace))


def test_a_message_can_be_asked_for_in_detail(with_driver):
    guest = with_driver
    guest.load_driver(DriverOptions(message_chunks=MESSAGE_CHUNKS))
    stepper = step_kernel(guest, messages=range(1, 2))
    guest.balloon(HALF_BYTES)
    steps = stepper.trace().steps
    second = [s for s in steps if s.counters[COUNTERS.index("messages")] == 1 and s.kind == "chunk"]
    assert len(second) == MESSAGE_CHUNKS  # one step each
    guest.balloon(guest.memory_bytes)


def test_the_stock_driver_cannot_be_stepped(booted):
    with pytest.raises(RefusedError, match="QEMU's device tells nobody"):
        step_kernel(booted)


@pytest.fixture
def overheard():
    """A driver's ring, what serves it, the window, and what an ear told of it."""
    window = memoryview(bytearray(WINDOW_BYTES))
    ram = GuestRam.of_size("1MiB")

    class Device(BalloonDevice):
        def handle(self, queue, message):
            ear.heard(queue, message)
            return super().handle(queue, message)

    device = Device(ram, ModelRelease(ram.pages))
    device.negotiate(PROPOSED)
    told = Heard(grain=2)
    ear = _Ear(told, window)
    service = QueueService(device, window)
    service.listen(ear)
    return DriverQueue(window, queue_layout(Queue.INFLATE)), service, window, told, ear


def offer(ring, window, message):
    room = message_address(Queue.INFLATE)
    window[room : room + len(message)] = message
    ring.add([Buffer(room, len(message))])


def test_what_a_message_names_is_told_before_the_device_does_it(overheard):
    ring, service, window, told, ear = overheard
    offer(ring, window, encode_chunks([(16, 4), (32, 1), (40, 2)]))
    service.serve(Queue.INFLATE)
    kinds = [type(event) for event in told]
    assert kinds[:5] == [Named, Named, Sent, Popped, Translated]
    assert kinds[-1] is Returned
    assert [event.first for event in told[:2]] == [0, 2]
    ear.end()
    assert told[-1] == Acked(Queue.INFLATE, 0, 1)
    ear.end()
    assert [type(event) for event in told].count(Acked) == 1


def test_a_message_that_says_nothing_is_sent_refused_and_returned(overheard):
    ring, service, window, told, _ = overheard
    offer(ring, window, b"no chunks")
    service.serve(Queue.INFLATE)
    assert [type(event) for event in told] == [Sent, Popped, Refused, Returned]


def test_a_message_nobody_can_read_is_told_as_sent_without_bytes(overheard):
    ring, service, _, told, _ = overheard
    ring.add([Buffer(message_address(Queue.INFLATE), 8, writable=True)])
    service.serve(Queue.INFLATE)
    assert [type(event) for event in told] == [Sent, Popped, Refused, Returned]
    assert told[0].data == b""
