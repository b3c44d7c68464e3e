"""The allocator rebuilt from page flags, against what real guests say and did."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.captures.zones import zones_from_zoneinfo
from balloonkit.guest import Zone
from balloonkit.guest.kernel_rules import KernelRules
from balloonkit.guest.snapshot import guest_from_flags, movable_mask

LRU, FREE, ANON, SLAB, PGTABLE, RESERVED, FLAGLESS = (
    1 << 5,
    1 << 10,
    1 << 12,
    1 << 7,
    1 << 26,
    1 << 32,
    0,
)
EXCLUSIVE_ANON = ANON | 1 << 34
KINDS = (FREE, FREE, EXCLUSIVE_ANON, RESERVED, FLAGLESS, SLAB)
ZONES = (Zone("Normal", 0, 4096, min_pages=8, low_pages=10, batch=7),)


def rebuild(flags, zones=ZONES, **known):
    return guest_from_flags("test", len(flags) << 12, flags, zones, **known)


def rebuild_capture(capture):
    flags = capture.flags("before")
    zones = zones_from_zoneinfo(capture.text("zoneinfo_boot"), len(flags))
    return guest_from_flags(capture.name, capture.guest_bytes, flags, zones)


def in_use(pages=4096):
    """Memory wholly in use by the kernel's boot code: nothing free, no process."""
    return np.full(pages, RESERVED, np.uint64)


def movable_blocks(capture, zone):
    row = re.search(rf"zone +{zone}, type +Movable(.*)", capture.text("pagetypeinfo_before"))
    return [int(word) for word in row[1].split()]


@pytest.mark.parametrize("zone", ["DMA32", "Normal"])
@pytest.mark.parametrize("name", ["idle_8g", "aged_8g"])
def test_movable_free_lists_equal_the_guests_own_pagetypeinfo(name, zone, request):
    capture = request.getfixturevalue(name)
    assert rebuild_capture(capture).buddy.buddyinfo()[zone] == movable_blocks(capture, zone)


def test_no_real_guest_gave_away_a_page_of_a_kernel_pageblock(capture):
    flags = capture.flags("before")
    assert movable_mask(np.pad(flags, (0, -len(flags) % 1024)))[capture.inflate_pfns].all()


def test_stocked_pages_of_an_unused_zone_are_those_zoneinfo_counts(idle_8g):
    dma32 = idle_8g.text("zoneinfo_boot").split("zone    DMA32")[1]
    counted = int(re.search(r"count: (\d+)", dma32)[1])
    assert len(rebuild_capture(idle_8g).percpu.stock(1)) == counted == 2529


def test_free_pages_beside_slabs_are_withheld_but_counted_by_the_watermark():
    flags = in_use()
    flags[0:1024] = FREE
    flags[7] = SLAB
    flags[1024:1034] = FREE
    guest = rebuild(flags)
    assert guest.buddy.zones[0].withheld_pages == 1023
    assert sorted(guest.take(5000).tolist()) == list(range(1024, 1034))


def test_a_process_in_the_other_pageblock_keeps_it_movable():
    flags = in_use()
    flags[0:512] = SLAB
    flags[512:1024] = FREE
    assert not movable_mask(flags)[:1024].any()
    flags[600] = ANON
    assert not movable_mask(flags)[:512].any()
    assert movable_mask(flags)[512:].all()


def test_a_flagless_aligned_block_is_a_kernel_pool_and_a_ragged_one_per_cpu_pages():
    flags = in_use()
    flags[1024 + 64 : 1024 + 128] = FLAGLESS
    flags[3000:3065] = FLAGLESS
    guest = rebuild(flags)
    assert guest.percpu.stock(0).tolist() == list(range(3064, 2999, -1))


def test_a_whole_flagless_block_of_order_10_is_the_kernels_own_and_pages_beside_it_are_stock():
    flags = in_use()
    flags[1000:2100] = FLAGLESS
    assert sorted(rebuild(flags).percpu.stock(0).tolist()) == [
        *range(1000, 1024),
        *range(2048, 2100),
    ]


def test_a_pageblock_beside_the_kernels_own_stays_movable_where_the_firmware_has_a_page():
    flags = np.full(4096, FREE, np.uint64)
    flags[[7, 1024 + 7]] = SLAB
    flags[900] = RESERVED
    movable = movable_mask(flags)
    assert movable[512:1024].all()
    assert not movable[1536:2048].any()


def test_whole_free_blocks_the_movable_list_lacks_are_the_kernels_lowest_first():
    flags = np.full(4096, FREE, np.uint64)
    assert rebuild(flags).buddy.buddyinfo()["Normal"][10] == 4
    guest = rebuild(flags, movable_tops={"Normal": 3})
    assert guest.buddy.free_list(0, 10).tolist() == [1024, 2048, 3072]
    assert guest.buddy.zones[0].withheld_pages == 1024
    assert rebuild(flags, movable_tops={"Normal": 9}).buddy.buddyinfo()["Normal"][10] == 4


def test_since_linux_6_9_pages_are_freed_from_first_to_last():
    flags = in_use()
    flags[0:64] = ANON
    flags[8:11] = FLAGLESS
    assert rebuild(flags).percpu.stock(0).tolist() == [8, 9, 10]
    newer = rebuild(flags, rules=KernelRules.of("6.12.95"))
    assert newer.percpu.stock(0).tolist() == [10, 9, 8]


def test_memory_no_process_used_leaves_lowest_block_first():
    flags = in_use()
    flags[[5, 9, 1031, 2055]] = FREE
    assert rebuild(flags).buddy.free_list(0, 0).tolist() == [5, 9, 1031, 2055]


def test_memory_processes_freed_leaves_highest_block_first_and_likely_merges_last():
    flags = in_use()
    flags[0:64] = ANON
    flags[[1, 9, 33]] = FREE
    flags[4:6] = FREE  # free before 7, whose parent's buddy it is: 7 goes to the tail
    flags[7] = FREE
    assert rebuild(flags).buddy.free_list(0, 0).tolist() == [33, 9, 1, 7]


def test_stocked_pages_ascend_inside_a_freed_piece_and_descend_between_pieces():
    flags = in_use()
    flags[0:200] = ANON
    flags[[20, 21, 22, 40, 41]] = FLAGLESS
    flags[[100, 102, 104]] = RESERVED
    assert rebuild(flags).percpu.stock(0).tolist()[-5:] == [40, 41, 20, 21, 22]


def test_pages_of_the_process_that_read_the_flags_leave_first():
    flags = in_use()
    flags[100:110] = EXCLUSIVE_ANON
    flags[100:105] |= LRU  # the newest of its pages are not on an LRU list yet
    flags[103] = ANON | LRU  # shared with a process that stays
    flags[110:115] = FLAGLESS
    stock = rebuild(flags).percpu.stock(0).tolist()
    assert stock == [100, 101, 102, *range(104, 115)]


def test_pages_of_a_process_that_stays_do_not_leave():
    flags = in_use()
    flags[100:110] = EXCLUSIVE_ANON | LRU
    flags[110:115] = FLAGLESS
    assert sorted(rebuild(flags).percpu.stock(0).tolist()) == list(range(110, 115))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=12),
)
def test_every_free_page_is_listed_or_withheld_and_none_leaves_twice(seed, kinds):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 40, 3000)
    flags = np.repeat(rng.choice(np.array(kinds, np.uint64), 3000), lengths)[:4000]
    guest = rebuild(flags, (replace(ZONES[0], end_pfn=4000),))
    withheld = guest.buddy.zones[0].withheld_pages
    assert guest.buddy.free_pages(0) + withheld == (flags == FREE).sum()
    leaving = guest.take(5000)
    assert len(np.unique(leaving)) == len(leaving)
    assert np.isin(flags[leaving], (FREE, FLAGLESS, EXCLUSIVE_ANON)).all()
    assert movable_mask(np.pad(flags, (0, 96)))[leaving].all()
