"""Chunks: packing, joining, and the message, against the proposal's own numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.wire import WireError, decode_chunks, encode_chunks, join_chunks, pack_chunks
from balloonkit.wire.page_chunk import MAX_CHUNKS, chunk_messages

END_PFN = 1 << 52
CHUNKS = st.lists(
    st.integers(0, END_PFN - 1).flatmap(
        lambda base: st.tuples(st.just(base), st.integers(1, min(END_PFN - base, END_PFN - 1)))
    ),
    max_size=50,
)


def pack_obviously(pfns):
    """Walk the sorted set one page at a time."""
    chunks = []
    for pfn in sorted(set(pfns)):
        if chunks and sum(chunks[-1]) == pfn:
            chunks[-1][1] += 1
        else:
            chunks.append([pfn, 1])
    return chunks


@given(st.lists(st.integers(0, 300) | st.integers(END_PFN - 20, END_PFN - 1)))
def test_packing_equals_a_slow_obvious_packer(pfns):
    assert pack_chunks(pfns).tolist() == pack_obviously(pfns)


@given(st.lists(st.integers(0, 1000)), st.integers(1, 5))
def test_joining_undoes_any_cutting_of_the_runs(pfns, piece):
    whole = pack_chunks(pfns)
    cut = [
        (start, min(piece, base + size - start))
        for base, size in whole.tolist()
        for start in range(base, base + size, piece)
    ]
    joined = join_chunks(np.array(cut, np.uint64).reshape(-1, 2))
    assert joined.tolist() == whole.tolist()


@given(CHUNKS)
def test_decoding_gives_back_what_was_encoded(chunks):
    assert decode_chunks(encode_chunks(chunks)).tolist() == [list(c) for c in chunks]


def test_message_is_a_count_and_two_words_of_52_and_12_bits():
    message = encode_chunks([(0x100, 3), (END_PFN - 1, 1)])
    assert message == bytes.fromhex(
        "0200000000000000"  # chunk_num
        "0000100000000000"  # base 0x100 << 12
        "0030000000000000"  # size 3 << 12
        "00f0ffffffffffff"
        "0010000000000000"
    )


def test_a_full_message_holds_2047_chunks_and_no_more():
    chunks = np.stack((np.arange(0, 4096, 2), np.ones(2048, int)), axis=1)
    assert len(encode_chunks(chunks[:2047])) == 8 * 4096 - 8
    with pytest.raises(WireError, match="2048 chunks"):
        encode_chunks(chunks)
    sizes = [len(decode_chunks(m)) for m in chunk_messages(chunks.astype(np.uint64))]
    assert sizes == [MAX_CHUNKS, 1]


@given(st.binary(max_size=200))
def test_no_byte_string_raises_anything_but_a_wire_error(data):
    try:
        chunks = decode_chunks(data)
    except WireError:
        return
    assert encode_chunks(chunks) == data


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "message of 0 bytes"),
        (b"\1" + bytes(7), "8 bytes counts 1 chunks, which take 24"),
        (b"\0\0\1" + bytes(5), "counts 65536 chunks"),
        (b"\xff" * 8, "counts 18446744073709551615 chunks"),
        (b"\1" + bytes(7) + b"\1" + bytes(8) + b"\x10" + bytes(6), "reserved low bits set in 0x1"),
        (b"\1" + bytes(7) + bytes(16), "chunk 0 \\(0x0, 0x0\\) is empty"),
        (b"\1" + bytes(7) + b"\0\xf0" + b"\xff" * 6 + b"\0\x20" + bytes(6), "leaves the 52-bit"),
    ],
)
def test_a_malformed_message_is_refused_with_its_value(message, reason):
    with pytest.raises(WireError, match=reason):
        decode_chunks(message)


@pytest.mark.parametrize(
    ("chunks", "reason"),
    [
        ([(1, 0)], "is empty"),
        ([(-1, 2)], "negative"),
        ([(END_PFN, 1)], "52-bit"),
        ([(1.5, 1)], "float64"),
        ([1, 2, 3], "shape"),
    ],
)
def test_a_chunk_that_cannot_be_written_is_refused(chunks, reason):
    with pytest.raises(WireError, match=reason):
        encode_chunks(chunks)


@pytest.mark.parametrize("pfns", [[-1], [1.5], [END_PFN], [[1, 2]]])
def test_packing_refuses_what_is_no_page_number(pfns):
    with pytest.raises(WireError):
        pack_chunks(pfns)
