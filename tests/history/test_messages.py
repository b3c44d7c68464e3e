"""Messages of the lineage: written and read by each posting's rules, and spoken by a machine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit import Guest, Machine, run_race, trace_inflate
from balloonkit.history import FORMATS
from balloonkit.history.messages import BitmapMessage, DescriptorTable, RangeWords, RoundChunks
from balloonkit.wire import WireError
from balloonkit.wire.queue_errors import QueueError

WIRES = [f.wire for f in FORMATS if f.wire is not None]
each = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
#: Short runs and long ones, some of them behind 32 GiB of nothing.
PFNS = st.lists(
    st.tuples(
        st.integers(0, 12_000) | st.integers(9_000_000, 9_003_000),
        st.integers(1, 40) | st.integers(4090, 4100),
    ),
    max_size=6,
).map(lambda runs: sorted({pfn for base, size in runs for pfn in range(base, base + size)}))


def test_the_postings_that_sent_bytes_are_formats_and_the_others_only_counted():
    spoken = {f.version for f in FORMATS if f.wire is not None}
    assert spoken == {"classic", "v2", "v6", "v10", "v11"}


# What each posting's messages name is exactly the pages given, and a reader finds the same.
@given(PFNS, st.sampled_from(WIRES))
def test_messages_name_exactly_the_pages_given_and_are_read_as_written(pfns, wire):
    made = list(wire.messages(np.array(pfns, np.uint32)))
    assert [page for message in made for page in message.pfns().tolist()] == pfns
    for message in made:
        raw = wire.read(message.data)
        sizes = np.ones_like(raw.bases) if raw.sizes is None else raw.sizes
        read = np.repeat(raw.bases - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
        assert read.tolist() == message.pfns().tolist()


@given(st.binary(max_size=96), st.sampled_from(WIRES))
def test_reading_any_bytes_raises_nothing_but_value_error(data, wire):
    try:
        raw = wire.read(data)
    except ValueError:
        return
    assert (raw.bases >= 0).all()


@each
def test_a_message_cut_short_is_refused(wire):
    [message] = wire.messages(np.arange(4, 8, dtype=np.uint32))
    for end in range(1, len(message.data)):
        if wire.name != "PFN array" or end % 4:
            with pytest.raises(ValueError, match=r"bytes"):
                wire.read(message.data[:end])


@each
@pytest.mark.parametrize("page_kib", [4, 64])
def test_a_machine_speaks_it_and_no_page_is_lost(wire, page_kib):
    guest = Guest.aged("64MiB", 0.2, page_bytes=page_kib << 10)
    with Machine(guest, format=wire) as machine:
        inflate, deflate = machine.inflate("16MiB"), machine.deflate("16MiB")
        assert machine.driver.held_pages == 0
    assert inflate.counts.pages == inflate.counts.released_pages == 4096
    assert (inflate.rejected, deflate.rejected) == ({}, {})
    assert deflate.counts.refused_pages == 0


def test_they_race_beside_each_other_and_can_be_stepped():
    own = [wire for wire in WIRES if wire.name != "PFN array"]
    race = run_race(Guest.aged("64MiB", 0.2), "16MiB", formats=own)
    assert {report.counts.released_pages for report in race.reports.values()} == {4096}
    kinds = [step.kind for step in trace_inflate(Guest.idle("256KiB"), 8, RangeWords()).steps]
    assert kinds.count("chunk") >= 1
    assert kinds[-1] == "ack"


def test_a_message_longer_than_the_window_is_said_and_not_cut():
    scattered = Guest.aged("64MiB", 1)
    with (
        Machine(scattered, format=RangeWords()) as machine,
        pytest.raises(QueueError, match="32768"),
    ):
        machine.inflate("24MiB")


def test_layouts_are_those_of_the_postings():
    pages = np.array([70, 71, 130], np.uint32)
    [v2] = BitmapMessage().messages(pages)
    assert v2.data[:8] == bytes([0, 0, 12, 0, 0, 0, 0, 0])
    assert np.frombuffer(v2.data, "<u8", offset=8).tolist() == [0, 64, 16, 0b11 << 6, 0b100]
    [v6] = RangeWords().messages(np.arange(3, 3 + 4096, dtype=np.uint32))
    assert np.frombuffer(v6.data, "<u8").tolist() == [16 << 32, 3 << 12, 4096]
    [v11] = DescriptorTable().messages(pages)
    assert np.frombuffer(v11.data, "<u8").tolist() == [70 << 12, 2 << 12, 130 << 12, 1 << 12]
    rounds = RoundChunks().messages(np.array([0, 32 << 18], np.uint32))
    assert [m.entries.tolist() for m in rounds] == [[[0, 1]], [[32 << 18, 1]]]


def test_a_descriptor_of_four_gib_does_not_wrap():
    with pytest.raises(WireError, match="over 32 bits"):
        DescriptorTable().encode(np.array([[0, 1 << 20]], np.uint64))
