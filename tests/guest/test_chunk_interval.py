"""Bounds on chunks from counts alone, against layouts whose chunks can be counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.captures import NEWER, SHIPPED, load_capture
from balloonkit.guest import BuddyAllocator
from balloonkit.guest.chunk_interval import (
    blocks_whole_largest_first,
    blocks_within,
    chunk_interval,
)
from balloonkit.wire import pack_chunks


@pytest.mark.parametrize(
    ("counts", "interval"),
    [
        ([0] * 11, (0, 0)),
        ([0] * 10 + [7], (1, 7)),  # blocks of the largest order may all touch
        ([3] + [0] * 10, (2, 3)),  # three single pages: two may be neighbours of unlike parents
        ([1] * 11, (1, 11)),
    ],
)
def test_intervals_worked_out_by_hand(counts, interval):
    assert chunk_interval(counts) == interval


@settings(max_examples=1000)
@given(st.integers(0, 2**32), st.floats(0.01, 0.99), st.integers(1, 4000))
def test_no_layout_makes_fewer_or_more_chunks_than_its_counts_allow(seed, share, pages):
    rng = np.random.default_rng(seed)
    edges = np.cumsum(rng.geometric(max(share**3, 0.002), 4096))
    free = np.searchsorted(edges, np.arange(4096), side="right") % 2 == 0
    buddy = BuddyAllocator.from_free_mask(free)
    counts = buddy.buddyinfo()["DMA"]
    least, most = chunk_interval(counts)
    assert least <= len(pack_chunks(np.flatnonzero(free))) <= most
    taken = buddy.take_from(0, pages)
    least, most = chunk_interval(blocks_within(counts, pages))
    assert least <= len(pack_chunks(taken)) <= most


@pytest.mark.parametrize("name", [*SHIPPED, *NEWER])
def test_the_interval_holds_what_a_real_guest_gave_away(name):
    capture = load_capture(name)
    counts = capture.buddyinfo("before")
    real = capture.inflate_pfns
    bounds = {"DMA": (0, 4096), "DMA32": (4096, 1 << 20), "Normal": (1 << 20, 1 << 32)}
    for zone, blocks in counts.items():
        start, end = bounds[zone]
        free = np.flatnonzero(capture.free_mask("before")[start:end])
        least, most = chunk_interval(blocks)
        assert least <= len(pack_chunks(free)) <= most
        given_pages = int(((real >= start) & (real < end)).sum())
        least, most = chunk_interval(blocks_within(blocks, given_pages))
        assert least <= len(pack_chunks(real[(real >= start) & (real < end)])) <= max(most, least)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=21), st.integers(0, 10**6))
def test_blocks_taken_never_exceed_what_is_there_nor_what_is_wanted(counts, pages):
    smallest = blocks_within(counts, pages)
    largest = blocks_whole_largest_first(counts, pages)
    assert all(0 <= n <= have for n, have in zip(smallest, counts, strict=True))
    assert all(0 <= n <= have for n, have in zip(largest, counts, strict=True))
    free = sum(n << order for order, n in enumerate(counts))
    covered = sum(n << order for order, n in enumerate(smallest))
    assert covered >= min(pages, free)
    assert sum(n << order for order, n in enumerate(largest)) <= min(pages, free)
