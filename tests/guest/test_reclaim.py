"""Which pages of a guest are clean page cache, and what freeing them does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.guest import Guest, Zone
from balloonkit.guest import page_states as bits
from balloonkit.guest.reclaim import cache_pfns, reclaim

LRU = 1 << bits.KPF_LRU
KEPT = (
    bits.KPF_ANON,
    bits.KPF_SWAPBACKED,
    bits.KPF_DIRTY,
    bits.KPF_WRITEBACK,
    bits.KPF_MMAP,
    bits.KPF_LOCKED,
    bits.KPF_UNEVICTABLE,
)


@pytest.mark.parametrize("bit", KEPT)
def test_a_page_with_any_bit_that_keeps_it_is_no_clean_cache(bit):
    flags = np.full(1024, LRU, np.uint64)
    flags[5] |= np.uint64(1 << bit)
    assert 5 not in cache_pfns(flags)
    assert len(cache_pfns(flags)) == 1023


def test_pieces_leave_before_whole_blocks_and_pages_used_again_last():
    flags = np.zeros(5 * 1024, np.uint64)
    flags[0:1024] = LRU
    flags[1024:3072] = LRU | 1 << bits.KPF_ACTIVE
    flags[3000] = LRU
    flags[4000:4010] = LRU
    expected = [3000, *range(4000, 4010), *range(1024)]
    assert cache_pfns(flags)[:1035].tolist() == expected
    assert len(cache_pfns(flags)) == 1035 + 2047


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 3000))
def test_reclaim_frees_what_was_asked_in_clusters_of_32_or_all_there_is(seed, pages):
    rng = np.random.default_rng(seed)
    in_use = rng.random(4096) < 0.5
    guest = Guest("cache", 4096 << 12, ~in_use, (Zone("Normal", 0, 4096),))
    cache = rng.permutation(np.flatnonzero(in_use)).astype(np.uint32)
    left = reclaim(guest, cache, pages)
    freed = len(cache) - len(left)
    assert freed == min(-(-pages // 32) * 32, len(cache))
    assert guest.buddy.free_mask[cache[:freed]].all()
    assert not guest.buddy.free_mask[left].any()
