"""The per-CPU lists against one page at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.guest import BuddyAllocator, Zone
from balloonkit.guest.percpu import PerCpuLists

ZONES = (
    Zone("DMA32", 0, 1024, min_pages=20, low_pages=30, reserve_pages=3, batch=7),
    Zone("Normal", 1024, 2500, min_pages=40, low_pages=50, batch=31),
)


def percpu_with(free):
    return PerCpuLists(BuddyAllocator.from_free_mask(free, ZONES))


class OnePageAtATime:
    """rmqueue and free_unref_page literally, on an allocator of its own."""

    def __init__(self, free):
        self.buddy = BuddyAllocator.from_free_mask(free, ZONES)
        self.stocks = [[], []]

    def alloc(self):
        for level in ("low_pages", "min_pages"):
            for index in (1, 0):
                zone, stock = ZONES[index], self.stocks[index]
                mark = getattr(zone, level) + zone.reserve_pages
                if self.buddy.free_pages(index) > mark:
                    if not stock:
                        stock += self.buddy.take_from(index, zone.batch).tolist()
                    return stock.pop(0)
        return None

    def free(self, pfn):
        index = int(pfn >= 1024)
        zone, stock = ZONES[index], self.stocks[index]
        stock.insert(0, pfn)
        if len(stock) > max(zone.low_pages, 4 * zone.batch):
            for _ in range(zone.batch):
                self.buddy.free(stock.pop())


@settings(max_examples=60, deadline=None)
@given(
    share=st.sampled_from([0, 0.02, 0.3]),
    seed=st.integers(0, 50),
    counts=st.lists(st.integers(-600, 900), max_size=6),
)
def test_taking_and_giving_back_in_bulk_equals_one_page_at_a_time(share, seed, counts):
    free = np.random.default_rng(seed).random(2500) >= share
    bulk, slow, held = percpu_with(free), OnePageAtATime(free), []
    for n in counts:
        if n >= 0:
            expected = [pfn for _ in range(n) if (pfn := slow.alloc()) is not None]
            assert bulk.take(n).tolist() == expected
            held += expected
        else:
            back, held = held[:-n], held[-n:]
            bulk.give_back(back)
            # The kernel sees one page after the other; zones do not disturb each other.
            for pfn in back:
                slow.free(pfn)
        assert [bulk.stock(z).tolist() for z in (0, 1)] == slow.stocks
        assert bulk.buddy.buddyinfo() == slow.buddy.buddyinfo()
        assert (bulk.buddy.free_mask == slow.buddy.free_mask).all()


def test_a_refill_takes_a_batch_and_the_head_leaves_first():
    percpu = percpu_with(np.ones(2500, bool))
    expected = BuddyAllocator.from_free_mask(np.ones(2500, bool), ZONES).take_from(1, 31)
    assert (percpu.take(2) == expected[:2]).all()
    assert (percpu.stock(1) == expected[2:]).all()
    assert (percpu.take(3) == expected[2:5]).all()


def test_a_stock_holds_four_batches_where_the_watermark_is_lower_than_that():
    zones = (Zone("DMA32", 0, 1024, low_pages=10, batch=7),)
    percpu = PerCpuLists(BuddyAllocator.from_free_mask(np.ones(1024, bool), zones))
    pages = percpu.take(4 * 7 + 1)
    left_over = len(percpu.stock(0))
    percpu.give_back(pages[: 4 * 7 - left_over])
    assert len(percpu.stock(0)) == 4 * 7
    percpu.give_back(pages[-1:])
    assert len(percpu.stock(0)) == 3 * 7 + 1


def test_a_page_in_stock_is_not_freed_again():
    percpu = percpu_with(np.ones(2500, bool))
    pages = percpu.take(5)
    percpu.give_back(pages)
    with pytest.raises(ValueError, match=f"PFN {pages[0]}: free already, on a per-CPU list"):
        percpu.give_back(pages[:1])
