"""Guest RAM: what is inside, where it lies in the mapping, and splitting at region edges."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.host.ram import GuestRam
from balloonkit.ram_layout import RamRange

PAGE = 4096
END_PFN = 1 << 52


@st.composite
def guest_rams(draw):
    """Up to four regions, some touching, and the host page of each PFN the slow way."""
    regions, host_page, next_pfn, host_pages = [], {}, 0, 0
    for _ in range(draw(st.integers(1, 4))):
        base = next_pfn + draw(st.integers(0, 5))
        pages = draw(st.integers(1, 12))
        regions.append(RamRange(base * PAGE, pages * PAGE))
        for pfn in range(base, base + pages):
            host_page[pfn] = host_pages
            host_pages += 1
        next_pfn = base + pages
    return GuestRam(regions), host_page


ENTRIES = st.lists(
    st.tuples(
        st.integers(0, 60) | st.integers(0, END_PFN - 1),
        st.integers(1, 60) | st.integers(1, END_PFN - 1),
    ),
    max_size=20,
)


@given(guest_rams(), ENTRIES)
def test_inside_means_every_page_and_translation_finds_each_one_in_order(ram, entries):
    guest_ram, host_page = ram
    bases, sizes = np.array(entries, np.int64).reshape(-1, 2).T
    inside = guest_ram.contains(bases, sizes)
    for (base, size), answer in zip(entries, inside.tolist(), strict=True):
        by_hand = size <= 60 and all(pfn in host_page for pfn in range(base, base + size))
        assert answer == by_hand
    starts, counts = guest_ram.translate(bases[inside], sizes[inside])
    expected = [
        host_page[pfn]
        for (base, size), answer in zip(entries, inside.tolist(), strict=True)
        if answer
        for pfn in range(base, base + size)
    ]
    got = [
        p for s, c in zip(starts.tolist(), counts.tolist(), strict=True) for p in range(s, s + c)
    ]
    assert got == expected


def test_a_chunk_across_touching_regions_is_split_at_the_edge():
    ram = GuestRam([RamRange(0, 8 * PAGE), RamRange(8 * PAGE, 8 * PAGE)])
    base, size = np.array([6, 0]), np.array([5, 16])
    assert ram.contains(base, size).all()
    starts, counts = ram.translate(base, size)
    assert list(zip(starts.tolist(), counts.tolist(), strict=True)) == [
        (6, 2),
        (8, 3),
        (0, 8),
        (8, 8),
    ]


def test_the_hole_below_4_gib_is_no_ram():
    ram = GuestRam.of_size("8GiB")
    pfns = np.array([0x7FFFF, 0x80000, 0xFFFFF, 0x100000, 0x27FFFF, 0x280000])
    assert ram.contains(pfns, 1).tolist() == [True, False, False, True, True, False]
    # A chunk from the last low page to the first high one names the hole, too.
    assert not ram.contains(np.array([0x7FFFF]), np.array([0x80002])).any()
    assert ram.translate_pages(np.array([0x7FFFF, 0x100000])).tolist() == [0x7FFFF, 0x80000]


def test_the_largest_chunk_there_can_be_neither_wraps_nor_allocates():
    ram = GuestRam.of_size("8GiB")
    bases = np.array([0, END_PFN - 1, 1], np.int64)
    sizes = np.array([END_PFN - 1, END_PFN - 1, END_PFN - 1], np.int64)
    tracemalloc.start()
    inside = ram.contains(bases, sizes)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not inside.any()
    assert peak_bytes < 10_000


@pytest.mark.parametrize(
    ("regions", "why"),
    [
        ([], "no RAM regions"),
        ([RamRange(100, PAGE)], "whole pages"),
        ([RamRange(0, PAGE + 1)], "whole pages"),
        ([RamRange(0, 0)], "whole pages"),
        ([RamRange(0, 2 * PAGE), RamRange(PAGE, PAGE)], "overlaps or precedes"),
        ([RamRange(PAGE, PAGE), RamRange(0, PAGE)], "overlaps or precedes"),
        ([RamRange((1 << 64) - PAGE, 2 * PAGE)], "52 bits"),
    ],
)
def test_regions_that_make_no_sense_are_refused(regions, why):
    with pytest.raises(ValueError, match=why):
        GuestRam(regions)
