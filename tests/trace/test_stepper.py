"""The trace is what the machine told: replayed, it is the machine's own state after every step."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observed import Photographer, check_every_step
from odd_parts import Doubled, SmallHost
from own_format import Pairs

from balloonkit import Guest, Machine, load_capture, trace_inflate
from balloonkit.host import ModelHost
from balloonkit.predict import guest_of
from balloonkit.trace import COUNTERS, Stepper, state_at
from balloonkit.wire import PAGE_CHUNKS, PFN_ARRAY, PageBitmaps, PageChunks, PfnArray
from balloonkit.wire.channel import QUEUE_SIZE, message_address
from balloonkit.wire.queue import Queue
from balloonkit.wire.queue_errors import AckTimeoutError, QueueFullError
from balloonkit.wire.virtqueue import Buffer


class HostThatMayBeDeaf(ModelHost):
    """Loses the kick of one message."""

    deaf = False

    def kick(self, queue):
        if not self.deaf:
            super().kick(queue)


FORMATS = st.sampled_from(
    [
        PFN_ARRAY,
        PfnArray(16),
        PAGE_CHUNKS,
        PageChunks(3, bitmaps=PageBitmaps(bits=64)),
        PageChunks(40, join=False, bitmaps=PageBitmaps(bits=64, max_count=3)),
        Pairs(),
    ]
)
#: Sizes on both sides of the per-CPU batch's switch from 1 to more, at 72 MiB.
SIZES = st.sampled_from(["1MiB", "4MiB", "16MiB", "64MiB", "72MiB", "256MiB"])
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["inflate", "deflate", "touch", "reset", "lose a kick"]),
        st.integers(1, 300),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(
    SIZES,
    st.sampled_from([0, 0.2, 1]),
    FORMATS,
    st.booleans(),
    st.sampled_from([4096, 16384, 65536]),
    st.sampled_from([4096, 65536]),
    st.sampled_from([1, 7, 64, 1000]),
    OPERATIONS,
)
def test_replaying_a_trace_gives_the_machines_own_state_after_every_step(
    size, fragmentation, wire_format, block_alloc, page_bytes, host_page_bytes, grain, operations
):
    if isinstance(wire_format, Pairs):
        page_bytes = 4096  # its sizes have eight bits, and a larger guest page is up to 16 of them
    guest = Guest.aged(size, fragmentation, page_bytes=page_bytes)
    host = HostThatMayBeDeaf(size, host_page_bytes=host_page_bytes)
    machine = Machine(guest, host=host, format=wire_format, block_alloc=block_alloc)
    stepper = Photographer(machine, steps_per_stage=grain)
    expected = dict.fromkeys(COUNTERS, 0)
    faults = False
    for what, pages in operations:
        try:
            report = run(machine, what, pages * page_bytes)
        except AckTimeoutError:
            faults = True
        else:
            for name in COUNTERS if report is not None else ():
                expected[name] += getattr(report.counts, name)
    trace = check_every_step(stepper)
    if trace.steps and not faults:
        assert dict(zip(COUNTERS, trace.steps[-1].counters, strict=True)) == expected


def run(machine, what, size_bytes):
    if what in ("inflate", "deflate"):
        return getattr(machine, what)(size_bytes)
    if what == "touch":
        free = np.flatnonzero(machine.guest.buddy.free_mask)[:9]
        machine.touch(free)
    elif what == "reset":
        machine.reset()
    else:
        machine.host.deaf = True
        channel = machine._channels[0]
        send = channel.send
        channel.send = lambda message: send(message, timeout_s=0)
        try:
            machine.inflate(size_bytes)
        finally:
            machine.host.deaf = False
            channel.send = send
            machine.reset()
    return None


@pytest.mark.parametrize("size", ["1GiB", "8GiB"])
@pytest.mark.parametrize("wire_format", [PFN_ARRAY, PAGE_CHUNKS])
def test_a_guest_with_per_cpu_batches_is_traced_page_by_page_as_truly(size, wire_format):
    machine = Machine(Guest.idle(size), format=wire_format)
    assert machine.guest.buddy.zones[-1].batch > 1
    stepper = Photographer(machine, steps_per_stage=200)
    machine.inflate(130 * 4096)
    machine.deflate(100 * 4096)
    trace = check_every_step(stepper)
    assert sum(step.kind == "take" for step in trace.steps) == 130
    assert {"refill", "back"} <= {step.kind for step in trace.steps}


def test_the_step_that_once_lied_takes_the_page_it_names():
    trace = trace_inflate(Guest.idle("1GiB"), 10)
    takes = [step for step in trace.steps if step.kind == "take"]
    assert len(takes) == 10
    for step in takes:
        assert f"PFN {step.base} leaves" in step.why
    assert (state_at(trace, len(trace.steps) - 1).pages == 3).sum() == 10


def test_out_of_puff_is_a_step_and_the_rest_is_told():
    guest = Guest.idle("1MiB")
    free = int(guest.buddy.free_mask.sum())
    trace = trace_inflate(guest, 256, steps_per_stage=256)
    taken = sum(step.kind == "take" for step in trace.steps)
    assert 0 < taken < free
    assert trace.steps[-1].kind == "puff"
    assert f"{256 - taken} pages short" in trace.steps[-1].why
    assert (state_at(trace, len(trace.steps) - 1).pages == 3).sum() == taken


def test_entries_outside_the_hosts_ram_are_refused_with_their_reason():
    guest = Guest.idle("1MiB")
    machine = Machine(guest, host=SmallHost("1MiB"), format=PFN_ARRAY)
    stepper = Photographer(machine)
    report = machine.inflate("900KiB")
    trace = check_every_step(stepper)
    refused = [r for step in trace.steps for r in step.changes.get("reject", [])]
    assert len(refused) == sum(report.rejected.values()) > 0
    assert {reason for _, reason, _ in refused} == {"outside registered RAM"}
    assert dict(zip(COUNTERS, trace.steps[-1].counters, strict=True))["refused_pages"] == len(
        refused
    )


def test_a_full_ring_loses_no_page_and_the_trace_goes_on_after_it():
    machine = Machine(Guest.idle("1MiB"), format=PfnArray(16))
    stepper = Photographer(machine)
    machine.inflate("64KiB")
    ring = machine._channels[Queue.INFLATE]._ring
    kept = [ring.add([Buffer(message_address(Queue.INFLATE), 0)]) for _ in range(QUEUE_SIZE)]
    with pytest.raises(QueueFullError):
        machine.inflate("64KiB")
    machine.reset()
    machine.inflate("32KiB")
    trace = check_every_step(stepper)
    assert len(kept) == QUEUE_SIZE
    assert (state_at(trace, len(trace.steps) - 1).pages == 3).sum() == 8


def test_doubled_entries_are_done_once_and_reported():
    machine = Machine(Guest.idle("1MiB"), format=Doubled())
    stepper = Stepper(machine)
    machine.inflate("16KiB")
    steps = stepper.trace().steps
    [refuse] = [step for step in steps if step.kind == "refuse"]
    assert {reason for _, reason, _ in refuse.changes["reject"]} == {
        "repeats pages of the same message"
    }
    assert dict(zip(COUNTERS, steps[-1].counters, strict=True))["releases"] == 4


def test_a_large_host_page_waits_until_all_its_parts_are_ballooned():
    trace = trace_inflate(Guest.idle("1MiB"), 60, host_page_bytes=65536)
    kinds = [step.kind for step in trace.steps]
    assert "wait" in kinds
    last = state_at(trace, len(trace.steps) - 1)
    released = np.flatnonzero((last.host == 0).reshape(-1, 16).all(axis=1))
    assert 0 < len(released) < 4
    assert (last.host == 0).sum() == 16 * len(released)


def test_deflated_pages_come_back_after_the_ack_and_their_memory_with_the_first_touch():
    trace = trace_inflate(Guest.idle("1MiB"), 8, deflate=True)
    kinds = [step.kind for step in trace.steps]
    second_ack = [k for k, kind in enumerate(kinds) if kind == "ack"][1]
    back = next(k for k, kind in enumerate(kinds) if kind in ("back", "free", "merge"))
    assert second_ack < back < kinds.index("touch")
    assert (state_at(trace, kinds.index("touch") - 1).host == 0).sum() == 8
    assert (state_at(trace, len(kinds) - 1).host == 0).sum() == 0


@pytest.mark.parametrize("name", ["idle-8g", "aged-8g"])
@pytest.mark.parametrize("wire_format", [PFN_ARRAY, PAGE_CHUNKS])
def test_a_captured_guest_of_two_million_pages_is_traced_in_groups(name, wire_format):
    machine = Machine(guest_of(load_capture(name)), format=wire_format)
    stepper = Photographer.__new__(Stepper)
    Stepper.__init__(stepper, machine, messages=range(2, 4))
    report = machine.inflate("4GiB")
    trace = stepper.trace()
    assert len(trace.steps) <= 2000
    last = state_at(trace, len(trace.steps) - 1)
    assert np.array_equal(np.flatnonzero(last.pages == 3), np.sort(machine.driver.held))
    assert last.lists == [
        [machine.guest.buddy.free_list(zone, order).tolist() for order in range(11)]
        for zone in range(len(machine.guest.buddy.zones))
    ]
    assert tuple(last.counters) == astuple(report.counts)
    if wire_format is PFN_ARRAY:  # the messages asked for are shown in pieces
        assert sum(step.kind == "pfn" for step in trace.steps) == 2 * 64
