"""One block at a time: the kernel's rules, and the same events and lists as on arrays."""

import numpy as np
import pytest
from free_memory import SPAN, ZONES, Recorder, free_masks, lists_of
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.guest import (
    Block,
    BuddyAllocator,
    Guest,
    ListOrder,
    OneBlockAtATime,
    OutOfPagesError,
    Zone,
)
from balloonkit.guest.blocks import MAX_ORDER, TOP_PAGES

WATERMARKS = (
    Zone("DMA32", 0, TOP_PAGES, min_pages=10, low_pages=90, reserve_pages=7),
    Zone("Normal", TOP_PAGES, SPAN, min_pages=60, low_pages=200, withheld_pages=5),
)

OPERATIONS = st.lists(
    st.tuples(st.just("alloc"), st.integers(1, 60), st.integers(0, MAX_ORDER))
    | st.tuples(st.just("free"), st.integers(1, 60), st.integers(0, 1000)),
    max_size=8,
)


def listened_to(allocator):
    recorder = Recorder(grain=1, look=lambda: lists_of(allocator))
    allocator.listener = recorder
    return recorder


@settings(max_examples=80)
@given(free_masks(), st.sampled_from([ZONES, WATERMARKS]), st.sampled_from(ListOrder), OPERATIONS)
def test_arrays_tell_the_same_events_and_hold_the_same_lists_at_every_one(
    free, zones, list_order, operations
):
    buddy = BuddyAllocator.from_free_mask(free, zones, list_order)
    slow = OneBlockAtATime(buddy)
    fast_told, slow_told = listened_to(buddy), listened_to(slow)
    held = []
    for what, n, number in operations:
        if what == "alloc":
            taken = buddy.take(n, number).tolist()
            for pfn in taken:
                assert slow.alloc(number) == pfn
            if len(taken) < n:
                with pytest.raises(OutOfPagesError):
                    slow.alloc(number)
            held += [(pfn, number) for pfn in taken]
        else:
            np.random.default_rng(number).shuffle(held)
            back, held = held[:n], held[n:]
            for order in sorted({order for _, order in back}):
                same = [pfn for pfn, its_order in back if its_order == order]
                buddy.give_back(same, order)
                for pfn in same:
                    slow.free(pfn, order)
        assert fast_told.told == slow_told.told
        assert lists_of(buddy) == lists_of(slow)
        assert buddy.buddyinfo() == slow.buddyinfo()
        fast_told.told.clear()
        slow_told.told.clear()


@settings(max_examples=40)
@given(free_masks(), st.integers(0, MAX_ORDER))
def test_freeing_says_in_which_block_it_ended_as_the_arrays_do(free, order):
    buddy = BuddyAllocator.from_free_mask(free, ZONES)
    slow = OneBlockAtATime(buddy)
    taken = buddy.take(9, order).tolist()
    assert taken == [slow.alloc(order) for _ in taken]
    for pfn in taken:
        assert slow.free(pfn, order) == buddy.free(pfn, order)


def test_a_split_is_told_half_by_half_and_a_merge_buddy_by_buddy():
    slow = OneBlockAtATime.from_free_mask(np.ones(4, bool))
    recorder = listened_to(slow)
    assert slow.alloc() == 0
    assert [told[:-1] for told in recorder.told] == [
        ("Split", 0, 2, [0], ((1, 2),), True),
        ("Split", 0, 1, [0], ((0, 1),), False),
        ("Took", 0, 0, [0], False),
    ]
    recorder.told.clear()
    assert slow.free(0) == Block(0, 2)
    assert [told[:-1] for told in recorder.told] == [
        ("Merged", 0, 0, [1]),
        ("Merged", 0, 1, [2]),
        ("Freed", 0, 2, [0], []),
    ]


def test_it_starts_from_an_allocator_in_use_and_leaves_that_alone():
    buddy = Guest.aged("1MiB", 0.3).buddy
    buddy.take(20)
    before = lists_of(buddy)
    slow = OneBlockAtATime(buddy)
    assert lists_of(slow) == before
    slow.free_list(0, 0).clear()
    slow.alloc()
    assert lists_of(buddy) == before
    assert slow.free_pages(0) == buddy.free_pages(0) - 1


@pytest.mark.parametrize(
    ("pfn", "order", "reason"),
    [
        (1, 1, "PFN 1: not aligned to a block of order 1"),
        (-1, 0, "PFN -1: a block of order 0 there is in no zone"),
        (5, 0, "PFN 5: free already"),
        (2, 1, "PFN 3: free already"),
        (0, 2, "PFN 3: free already"),
        (64, 0, "PFN 64: a block of order 0 there is in no zone"),
        (0, 7, "PFN 0: a block of order 7 there is in no zone"),
        (0, 11, "order 11: give one between 0 and 10"),
        (0, -1, "order -1"),
    ],
)
def test_freeing_what_is_not_allocated_is_refused_and_changes_nothing(pfn, order, reason):
    free = np.ones(64, bool)
    free[:3] = False
    slow = OneBlockAtATime.from_free_mask(free)
    recorder, before = listened_to(slow), lists_of(slow)
    with pytest.raises(ValueError, match=reason):
        slow.free(pfn, order)
    assert lists_of(slow) == before
    assert recorder.told == []


def test_a_request_for_an_order_there_is_not_is_refused():
    with pytest.raises(ValueError, match="order 11: give one between 0 and 10"):
        OneBlockAtATime.from_free_mask(np.ones(64, bool)).alloc(11)
