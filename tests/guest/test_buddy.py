"""The buddy allocator against the one-block one, and against real guests."""

import numpy as np
import pytest
from free_memory import ZONES, free_masks, lists_of
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.guest import (
    Block,
    BuddyAllocator,
    ListOrder,
    OneBlockAtATime,
    OutOfPagesError,
    Zone,
)
from balloonkit.guest.blocks import MAX_ORDER, TOP_PAGES

OPERATIONS = st.lists(
    st.tuples(st.just("take"), st.integers(1, 400), st.integers(0, MAX_ORDER))
    | st.tuples(st.just("free"), st.integers(1, 400), st.integers(0, 1000)),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(free_masks(), st.sampled_from(ListOrder), OPERATIONS)
def test_arrays_and_lists_agree_on_every_block_and_its_place(free, list_order, operations):
    buddy = BuddyAllocator.from_free_mask(free, ZONES, list_order)
    slow = OneBlockAtATime(buddy)
    held = []
    for what, n, number in operations:
        if what == "take":
            taken = buddy.take(n, number).tolist()
            assert taken == [slow.alloc(number) for _ in taken]
            if len(taken) < n:
                with pytest.raises(OutOfPagesError):
                    slow.alloc(number)
            held += [(pfn, number) for pfn in taken]
        else:
            np.random.default_rng(number).shuffle(held)
            orders = {order for _, order in held[:n]}
            for order in orders:
                now = [pfn for pfn, o in held[:n] if o == order]
                buddy.give_back(now, order)
                for pfn in now:
                    slow.free(pfn, order)
            held = held[n:]
        assert lists_of(buddy) == lists_of(slow)


@settings(max_examples=50, deadline=None)
@given(free_masks(), st.integers(1, 3000))
def test_no_page_is_lost_or_doubled_by_taking_and_giving_back(free, n):
    buddy = BuddyAllocator.from_free_mask(free, ZONES)
    before = buddy.buddyinfo()
    taken = buddy.take(n)
    assert len(np.unique(taken)) == len(taken) == min(n, free.sum())
    assert free[taken].all()
    assert not buddy.free_mask[taken].any()
    buddy.give_back(taken)
    assert buddy.buddyinfo() == before
    assert (buddy.free_mask == free).all()


def test_a_split_keeps_the_low_half_and_a_block_is_walked_upwards():
    buddy = BuddyAllocator.from_free_mask(np.ones(TOP_PAGES, bool))
    assert buddy.next_block() == Block(0, 10)
    assert buddy.alloc() == 0
    assert buddy.buddyinfo() == {"DMA": [1] * 10 + [0]}
    assert buddy.alloc(order=1) == 2
    assert buddy.take(5).tolist() == [1, 4, 5, 6, 7]
    assert buddy.free(1) == Block(1, 0)
    assert buddy.free(0) == Block(0, 1)


def test_boot_order_is_lowest_block_first_now_and_was_highest_first_in_2017():
    free = np.ones(3 * TOP_PAGES, bool)
    now = BuddyAllocator.from_free_mask(free, list_order=ListOrder.BOOT)
    then = BuddyAllocator.from_free_mask(free, list_order=ListOrder.BOOT_2017)
    assert now.take(1025)[[0, 1, 1024]].tolist() == [0, 1, 1024]
    assert then.take(1025)[[0, 1, 1024]].tolist() == [2048, 2049, 1024]


def test_a_block_likely_to_merge_again_goes_to_the_tail():
    free = np.zeros(TOP_PAGES, bool)
    free[[2, 3, 16]] = True
    buddy = BuddyAllocator.from_free_mask(free)
    buddy.free(0)  # its parent's buddy, pages 2-3, is free: tail
    buddy.free(32)  # head
    assert buddy.free_list(0, 0).tolist() == [32, 16, 0]


def test_zones_are_drained_highest_first_each_down_to_its_watermark():
    zones = (
        Zone("DMA", 0, TOP_PAGES, reserve_pages=TOP_PAGES),
        Zone("DMA32", TOP_PAGES, 2 * TOP_PAGES, min_pages=10, low_pages=20, reserve_pages=4),
        Zone("Normal", 2 * TOP_PAGES, 3 * TOP_PAGES, min_pages=100, low_pages=200),
    )
    buddy = BuddyAllocator.from_free_mask(np.ones(3 * TOP_PAGES, bool), zones)
    taken = buddy.take(9999)
    zone_of = taken // TOP_PAGES
    assert zone_of.tolist() == [2] * 824 + [1] * 1000 + [2] * 100 + [1] * 10
    with pytest.raises(OutOfPagesError, match="order 0"):
        buddy.alloc()


def test_free_lists_rebuilt_from_flags_equal_the_guests_own_buddyinfo(capture):
    for moment in ("before", "inflated", "deflated"):
        buddy = BuddyAllocator.from_free_mask(capture.free_mask(moment))
        assert buddy.buddyinfo() == capture.buddyinfo(moment)


@pytest.mark.parametrize(
    ("pfns", "order", "reason"),
    [
        ([5], 0, "PFN 5: free already"),
        ([1, 1], 0, "PFN 1: freed twice"),
        ([99999], 0, "PFN 99999: in no zone"),
        ([2], 1, "PFN 3: free already"),
        ([0, 1], 1, "PFN 1: not aligned to a block of order 1"),
    ],
)
def test_freeing_what_is_not_allocated_is_refused_and_changes_nothing(pfns, order, reason):
    free = np.ones(64, bool)
    free[:3] = False
    buddy = BuddyAllocator.from_free_mask(free)
    before = buddy.buddyinfo()
    with pytest.raises(ValueError, match=reason):
        buddy.give_back(pfns, order)
    assert buddy.buddyinfo() == before


@pytest.mark.parametrize("order", [-1, 11])
def test_an_order_there_is_not_is_refused_and_changes_nothing(order):
    buddy = BuddyAllocator.from_free_mask(np.zeros(2 * TOP_PAGES, bool))
    calls = (buddy.alloc, [order]), (buddy.take, [9, order]), (buddy.free, [0, order])
    for call, arguments in (*calls, (buddy.give_back, [[0], order])):
        with pytest.raises(ValueError, match=f"order {order}: give one between 0 and 10"):
            call(*arguments)
    assert not buddy.free_mask.any()


def test_freeing_a_misaligned_block_is_refused():
    with pytest.raises(ValueError, match="PFN 1: not aligned"):
        BuddyAllocator.from_free_mask(np.zeros(8, bool)).free(1, order=2)
    with pytest.raises(ValueError, match="PFN -1: in no zone"):
        BuddyAllocator.from_free_mask(np.zeros(8, bool)).free(-1)


@pytest.mark.parametrize(
    ("free", "zones", "reason"),
    [
        (np.ones(8), None, "float64"),
        (np.ones((2, 4), bool), None, r"shape \(2, 4\)"),
        (np.ones(0, bool), None, r"shape \(0,\)"),
        (np.ones(8, bool), (Zone("DMA", 1, 8),), "PFN 0: free, but in no zone"),
        (np.ones(8, bool), (Zone("DMA", 0, 9),), "end by PFN 8"),
        (np.ones(8, bool), (Zone("a", 0, 4), Zone("b", 4, 8)), "zone b from PFN 4"),
    ],
)
def test_a_mask_that_fits_no_zones_is_refused(free, zones, reason):
    with pytest.raises(ValueError, match=reason):
        BuddyAllocator.from_free_mask(free, zones)
