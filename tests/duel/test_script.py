"""What a script writes is what a driver's ring would hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.duel.families import FAMILIES
from balloonkit.duel.script import BUFFERS, FIRST_PFN, HIGH_PFN, HIGH_PFNS, LOW_PFNS, Script
from balloonkit.wire.channel import WINDOW_BYTES, queue_layout
from balloonkit.wire.queue import Queue
from balloonkit.wire.virtqueue import Buffer, DeviceQueue


def script(**available):
    return Script("any", {0: available.get("at", 0)}, np.random.default_rng(4))


@given(at=st.integers(0, 0xFFFF), pfns=st.lists(st.integers(0, 2**32 - 1), max_size=20))
def test_a_message_sent_at_any_idx_is_what_a_device_pops(at, pfns):
    made = script(at=at)
    made.send(Queue.INFLATE, pfns)
    memory = memoryview(bytearray(0xA0000))
    device = DeviceQueue(memory, queue_layout(Queue.INFLATE))
    device._next_avail = at
    for kick in made.case().kicks:
        for gpa, data in kick.writes:
            memory[gpa : gpa + len(data)] = data
    chain = device.pop()
    assert chain == (0, [Buffer(BUFFERS, 4 * len(pfns))])
    assert device.read(chain) == np.array(pfns, "<u4").tobytes()


@pytest.mark.parametrize("n", [1, 255, 2000])
def test_drawn_pages_are_different_pages_of_ram_behind_the_case(n):
    pfns = script().pfns(n).tolist()
    assert len(set(pfns)) == n
    low = {pfn for pfn in pfns if pfn < HIGH_PFN}
    assert all(FIRST_PFN <= pfn < LOW_PFNS for pfn in low)
    assert all(HIGH_PFN <= pfn < HIGH_PFN + HIGH_PFNS for pfn in set(pfns) - low)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_every_family_writes_inside_ram_and_kicks_a_queue_there_is(family):
    for seed in range(5):
        made = Script(family.name, {}, np.random.default_rng(seed))
        family.write(made)
        case = made.case()
        assert case.kicks
        assert case.messages
        for kick in case.kicks:
            assert kick.queue in list(Queue)
            ends = [gpa + len(data) for gpa, data in kick.writes]
            assert all(end <= family.setup.low_bytes for end in ends)
        assert made._writes == [], "written after the last kick"


def test_buffers_lie_behind_the_window():
    assert BUFFERS > WINDOW_BYTES
