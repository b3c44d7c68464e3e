"""The two formats of inflation, against a slow obvious reading of their rules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.wire import (
    PAGE_CHUNKS,
    PFN_ARRAY,
    Feature,
    PageBitmaps,
    PageChunks,
    PfnArray,
    WireError,
    decode_chunks,
    decode_pfns,
)
from balloonkit.wire.formats import format_of

PFNS = st.sets(st.integers(0, 1500), max_size=250).flatmap(lambda s: st.permutations(sorted(s)))


def chunk_messages_obviously(pfns, scale, max_entries, join, bits, max_count):
    """Walk the bitmaps a page at a time; a full message waits until another chunk opens."""
    messages, filled = [], []
    if not pfns:
        return messages
    lowest, span = min(pfns), max(pfns) - min(pfns) + 1
    round_pages = min(max_count, -(-span // bits)) * bits
    ends = None
    for pfn in sorted(pfns):
        edge = (pfn - lowest) % round_pages % bits == 0
        if ends == pfn and (join or not edge):
            filled[-1][1] += 1
        else:
            if len(filled) == max_entries:
                messages.append(filled)
                filled = []
            filled.append([pfn, 1])
        ends = pfn + 1
    return [[[b * scale, s * scale] for b, s in m] for m in [*messages, filled] if m]


@given(
    PFNS,
    st.sampled_from([1, 4, 16]),
    st.integers(1, 9),
    st.booleans(),
    st.sampled_from([64, 128, 1024]),
    st.integers(1, 3),
)
def test_page_chunks_equal_the_slow_obvious_packer(pfns, scale, room, join, bits, max_count):
    chunks = PageChunks(room, join, PageBitmaps(bits, max_count))
    made = list(chunks.messages(np.array(pfns, np.uint32), scale))
    right = chunk_messages_obviously(pfns, scale, room, join, bits, max_count)
    assert [m.entries.tolist() for m in made] == right
    assert [decode_chunks(m.data).tolist() for m in made] == right


@given(PFNS, st.sampled_from([1, 4, 16]), st.integers(1, 256))
def test_a_pfn_array_is_the_pages_in_the_drivers_sequence_cut_where_it_is_full(pfns, scale, room):
    made = list(PfnArray(room).messages(np.array(pfns, np.uint32), scale))
    every = [pfn * scale + k for pfn in pfns for k in range(scale)]
    assert [page for m in made for page in decode_pfns(m.data).tolist()] == every
    at_once = max(room // scale, 1) * scale
    assert [m.pages for m in made] == [
        len(every[at : at + at_once]) for at in range(0, len(every), at_once)
    ]


@given(PFNS, st.sampled_from([PFN_ARRAY, PAGE_CHUNKS, PageChunks(3, join=False)]))
def test_messages_name_exactly_the_pages_given_and_are_read_as_written(pfns, wire_format):
    made = list(wire_format.messages(np.array(pfns, np.uint32)))
    assert sorted(page for m in made for page in m.pfns().tolist()) == sorted(pfns)
    for message in made:
        raw = wire_format.read(message.data)
        sizes = np.ones_like(raw.bases) if raw.sizes is None else raw.sizes
        assert int(sizes.sum()) == message.pages
        assert raw.bases.tolist() == message.entries.reshape(len(sizes), -1)[:, 0].tolist()


@given(st.binary(max_size=80))
def test_reading_any_bytes_raises_nothing_but_value_error(data):
    for wire_format in (PFN_ARRAY, PAGE_CHUNKS):
        try:
            raw = wire_format.read(data)
        except ValueError:
            continue
        assert (raw.bases >= 0).all()


@pytest.mark.parametrize("page_kib", [16, 64])
def test_a_classic_number_that_ends_at_32_bits_is_an_error_not_a_wrap(page_kib):
    scale = page_kib // 4
    last = (1 << 32) // scale - 1
    [message] = PFN_ARRAY.messages(np.array([last], np.uint32), scale)
    assert decode_pfns(message.data).tolist() == list(range((1 << 32) - scale, 1 << 32))
    with pytest.raises(WireError, match=f"PFN {1 << 32}.*chunks reach further"):
        list(PFN_ARRAY.messages(np.array([3, last + 1], np.uint32), scale))
    [message] = PAGE_CHUNKS.messages(np.array([last + 1], np.uint32), scale)
    assert decode_chunks(message.data).tolist() == [[1 << 32, scale]]


def test_what_was_negotiated_says_the_format():
    assert format_of(Feature(0)) is PFN_ARRAY
    assert format_of(Feature.MUST_TELL_HOST) is PFN_ARRAY
    assert format_of(Feature.MUST_TELL_HOST | Feature.PAGE_CHUNKS) is PAGE_CHUNKS
