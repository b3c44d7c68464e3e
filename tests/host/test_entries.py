"""Messages read entry by entry: each outcome `balloonkit.host.device` states, by its bytes."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.host.counters import Reason, Rejection
from balloonkit.host.entries import read_message
from balloonkit.host.ram import GuestRam
from balloonkit.ram_layout import RamRange
from balloonkit.wire import PAGE_CHUNKS, PFN_ARRAY, PfnArray, encode_chunks, encode_pfns
from balloonkit.wire.pfn_array import MAX_PFNS

PAGE = 4096
#: Pages 0-31 and 48-63, with a hole between.
RAM = GuestRam([RamRange(0, 32 * PAGE), RamRange(48 * PAGE, 16 * PAGE)])
RAM_PFNS = {*range(32), *range(48, 64)}
END_PFN = 1 << 52


def read_classic(message, ram):
    return read_message(message, PFN_ARRAY, ram)


def read_chunks(message, ram):
    return read_message(message, PAGE_CHUNKS, ram)


def chunk_message(*words, count=None):
    """Build a message from raw words, which may be as wrong as one likes."""
    return struct.pack("<Q", len(words) if count is None else count) + b"".join(
        struct.pack("<QQ", *pair) for pair in words
    )


def pages_of(entries):
    sizes = [1] * len(entries.bases) if entries.sizes is None else entries.sizes.tolist()
    pairs = zip(entries.bases.tolist(), sizes, strict=True)
    return [pfn for base, size in pairs for pfn in range(base, base + size)]


def reasons(entries):
    return [(rejection.reason, rejection.entry) for rejection in entries.rejections]


@pytest.mark.parametrize("length", [1, 3, 5, 1023])
def test_a_classic_message_that_ends_inside_an_entry_is_refused(length):
    assert read_classic(bytes(length), RAM).reason is Reason.TRUNCATED


def test_more_pfns_than_linux_sends_are_refused_if_so_wished():
    assert read_classic(bytes(4 * 257), RAM).done == 257
    linux = PfnArray(max_read=MAX_PFNS)
    assert isinstance(read_message(bytes(4 * 256), linux, RAM), tuple)
    refused = read_message(bytes(4 * 257), linux, RAM)
    said = "message of 257 PFNs: at most 256 are taken"
    assert refused == Rejection(Reason.TOO_MANY_ENTRIES, None, said)


def test_pfns_outside_ram_do_not_stop_the_others():
    entries = read_classic(encode_pfns([3, 32, 47, 48, 63, 64, 2**32 - 1, 0]), RAM)
    assert pages_of(entries) == [3, 48, 63, 0]
    assert reasons(entries) == [(Reason.OUTSIDE_RAM, i) for i in (1, 2, 5, 6)]
    assert entries.rejections[0].detail == "PFN 0x20"


def test_a_repeated_pfn_is_done_once_and_reported():
    entries = read_classic(encode_pfns([9, 40, 5, 9, 9]), RAM)
    assert pages_of(entries) == [5, 9]
    assert reasons(entries) == [
        (Reason.OUTSIDE_RAM, 1),
        (Reason.OVERLAP, 3),
        (Reason.OVERLAP, 4),
    ]
    assert entries.done == 4


def test_order_on_the_wire_is_kept_where_nothing_repeats():
    assert pages_of(read_classic(encode_pfns([9, 8, 20, 7]), RAM)) == [9, 8, 20, 7]
    assert pages_of(read_chunks(encode_chunks([(20, 2), (7, 1)]), RAM)) == [20, 21, 7]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", Reason.TRUNCATED),
        (bytes(7), Reason.TRUNCATED),
        (b"\xff" * 7, Reason.TRUNCATED),
        (chunk_message((0, PAGE), count=2), Reason.TRUNCATED),
        (chunk_message((0, PAGE), count=0), Reason.TRUNCATED),
        (chunk_message((0, PAGE)) + b"\0", Reason.TRUNCATED),
        (chunk_message(count=2048), Reason.TOO_MANY_ENTRIES),
        (chunk_message(count=2**64 - 1), Reason.TOO_MANY_ENTRIES),
        (encode_pfns([5, 6, 7]), Reason.TOO_MANY_ENTRIES),  # the wrong format: count is 5 + 6<<32
    ],
)
def test_a_frame_that_does_not_fit_refuses_the_message(message, reason):
    assert read_chunks(message, RAM).reason is reason


@pytest.mark.parametrize(
    ("words", "reason", "detail"),
    [
        ((1, PAGE), Reason.MISALIGNED, "(0x1, 0x1000)"),
        ((0, PAGE + 0x800), Reason.MISALIGNED, "(0x0, 0x1800)"),
        ((0, 0), Reason.ZERO_SIZE, "(0x0, 0x0)"),
        ((32 * PAGE, PAGE), Reason.OUTSIDE_RAM, "(0x20, 0x1)"),
        ((31 * PAGE, 2 * PAGE), Reason.OUTSIDE_RAM, "(0x1f, 0x2)"),
        ((0, 64 * PAGE), Reason.OUTSIDE_RAM, "(0x0, 0x40)"),  # from end to end, over the hole
        ((64 * PAGE, PAGE), Reason.OUTSIDE_RAM, "(0x40, 0x1)"),
        ((0, (END_PFN - 1) << 12), Reason.OUTSIDE_RAM, "(0x0, 0xfffffffffffff)"),
        (((END_PFN - 1) << 12, (END_PFN - 1) << 12), Reason.OUTSIDE_RAM, None),
    ],
)
def test_a_bad_chunk_costs_itself_alone(words, reason, detail):
    entries = read_chunks(chunk_message((PAGE, PAGE), words, (5 * PAGE, 2 * PAGE)), RAM)
    assert pages_of(entries) == [1, 5, 6]
    assert reasons(entries) == [(reason, 1)]
    assert detail is None or entries.rejections[0].detail == detail


def test_a_classic_device_reads_a_chunk_as_pfns_which_only_negotiation_prevents():
    # The clash over feature bit 3: chunk (0x100, 3) is PFNs 1, 0, 0x100000, 0, 0x3000, 0.
    entries = read_classic(encode_chunks([(0x100, 3)]), RAM)
    assert pages_of(entries) == [0, 1]


SMALL = st.integers(0, 70)
WORDS = st.tuples(
    SMALL.map(lambda pfn: pfn << 12) | st.integers(0, 2**64 - 1),
    SMALL.map(lambda pfn: pfn << 12) | st.integers(0, 2**64 - 1),
)


@given(st.lists(WORDS, max_size=40))
def test_each_page_of_a_valid_chunk_is_named_once_and_no_other(words):
    entries = read_chunks(chunk_message(*words), RAM)
    expected, bad = set(), set()
    for i, (base_word, size_word) in enumerate(words):
        base, size = base_word >> 12, size_word >> 12
        aligned = not (base_word | size_word) & 0xFFF
        if aligned and 0 < size <= 64 and {*range(base, base + size)} <= RAM_PFNS:
            expected |= {*range(base, base + size)}
        else:
            bad.add(i)
    assert sorted(pages_of(entries)) == sorted(expected)
    assert {r.entry for r in entries.rejections if r.reason is not Reason.OVERLAP} == bad
    assert entries.done == len(words) - len(bad)


@given(st.lists(SMALL | st.integers(0, 2**32 - 1), max_size=80))
def test_each_pfn_in_ram_is_named_once_and_no_other(pfns):
    entries = read_classic(np.array(pfns, "<u4").tobytes(), RAM)
    assert sorted(pages_of(entries)) == sorted(RAM_PFNS & set(pfns))
    repeats = sum(reason is Reason.OVERLAP for reason, _ in reasons(entries))
    assert entries.done - repeats == len(entries.bases)


@given(st.binary(max_size=200), st.sampled_from([read_classic, read_chunks]))
def test_no_byte_string_names_a_page_outside_ram(message, read):
    entries = read(message, RAM)
    if not isinstance(entries, Rejection):
        assert set(pages_of(entries)) <= RAM_PFNS
