"""Guests made of counts alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.guest import Zone
from balloonkit.guest.chunk_interval import chunk_interval
from balloonkit.guest.from_counts import CountedZone, guest_from_counts
from balloonkit.wire import pack_chunks


def zone(node=0):
    return Zone("Normal", 0, 0, node=node)


@settings(max_examples=200)
@given(
    st.lists(st.integers(0, 40), min_size=11, max_size=11).filter(any),
    st.integers(0, 2**32),
    st.integers(0, 60 * 1024),
)
def test_the_guest_has_exactly_the_blocks_that_were_counted(counts, seed, pages):
    guest = guest_from_counts("drawn", [CountedZone(zone(), counts, pages)], seed=seed)
    assert guest.buddy.buddyinfo()["Normal"] == counts
    least, most = chunk_interval(counts)
    assert least <= len(pack_chunks(np.flatnonzero(guest.buddy.free_mask))) <= most
    assert guest.size_bytes >= pages * 4096


def test_another_seed_lays_the_blocks_elsewhere_and_the_same_seed_does_not():
    counted = [CountedZone(zone(), [100] * 10 + [3], 1 << 17)]
    one, same, other = (
        guest_from_counts("drawn", counted, seed=seed).buddy.free_mask for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert (one != other).any()


def test_blocks_larger_than_the_allocators_are_laid_side_by_side():
    guest = guest_from_counts("arm64", [CountedZone(zone(), [0] * 12 + [2, 1])], page_bytes=65536)
    assert guest.buddy.buddyinfo()["Normal"] == [0] * 10 + [2 * 4 + 8]


def test_zones_follow_each_other_and_keep_their_names_apart():
    counted = [CountedZone(zone(node), [3] * 11) for node in (0, 1)]
    guest = guest_from_counts("two nodes", counted)
    first, second = guest.buddy.zones
    assert first.end_pfn == second.start_pfn
    assert guest.buddy.buddyinfo() == {"Normal": [3] * 11, "1/Normal": [3] * 11}


def test_more_than_this_machine_can_model_is_refused_with_a_size_that_works():
    with pytest.raises(MemoryError, match="would work"):
        guest_from_counts("huge", [CountedZone(zone(), [1], 1 << 40)])
    with pytest.raises(ValueError, match="no zone of it has a page"):
        guest_from_counts("empty", [CountedZone(zone(), [0] * 11)])
